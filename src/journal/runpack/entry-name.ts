/** Names of zip entries, as hostile text. */

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const DRIVE = /^[a-z]:/i;

/** Why a name must not be unpacked, or undefined. */
export function whyUnsafeName(name: string): string | undefined {
  if (name.trim() === '') return 'it is blank';
  if (CONTROL.test(name)) return 'it contains control characters';
  if (name.includes('\\')) return 'it contains a backslash';
  if (name.startsWith('/') || DRIVE.test(name)) return 'it is absolute';
  const segments = name.split('/');
  if (segments.includes('..')) return 'it contains ".."';
  return segments.slice(0, -1).some((segment) => segment === '' || segment === '.')
    ? 'it has an empty segment'
    : undefined;
}

/** Names with the same key may be the same file to some reader: blanks at the ends, slashes, `.` segments do not count. */
export function entryKey(name: string): string {
  return name
    .trim()
    .replaceAll('\\', '/')
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.')
    .join('/');
}
