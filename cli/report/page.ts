/** The one file of an evidence report: markup, style, script and evidence, with a policy that lets nothing else in. Pure. */
import type { ReportData } from '../../src/index.js';

/** What the page runs and looks like, as it was built. */
export interface PageAssets {
  readonly script: string;
  readonly style: string;
}

const DECISIONS = ['allow', 'block', 'require_approval', 'dry_run', 'checkpoint'];

/** @param sha256Hex SHA-256 of a text, in hex */
export function reportPage(
  data: ReportData,
  { script, style }: PageAssets,
  sha256Hex: (text: string) => string,
): string {
  const title = `Evidence: session ${data.report.session_id ?? 'unknown'}`;
  // Within a script element only this character can end it.
  const evidence = JSON.stringify(data).replaceAll('<', '\\u003c');
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${base64(sha256Hex(script))}'`,
    `style-src 'sha256-${base64(sha256Hex(style))}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<main>
<section id="verdict" role="status" aria-live="polite"><h2>Not checked</h2><p>This page checks itself with a script. Without it, use gait verify on the journal.</p></section>
<section aria-label="Summary" id="summary"></section>
<form id="key-form">
<label for="key">Check with your own public key</label>
<input id="key" autocomplete="off" spellcheck="false" placeholder="base64, hex or vkey" aria-describedby="key-message">
<button type="submit">Check</button>
<span id="key-message" role="status"></span>
</form>
<p class="faint">This page shows when its evidence was edited. Somebody who makes a whole new page can make it say anything: what decides is
<code>gait verify</code> on the journal, with a key you got from elsewhere.</p>
<div class="filters" role="search">
<label for="search">Search</label>
<input id="search" type="search" autocomplete="off" spellcheck="false" placeholder="words in any field; / comes here, arrows go through lines">
<label for="decision">Show</label>
<select id="decision"><option value="">everything</option>${DECISIONS.map((name) => `<option>${name}</option>`).join('')}</select>
<span id="count" role="status"></span>
</div>
<ol id="timeline" aria-label="Lines of the journal"></ol>
</main>
<script type="application/json" id="evidence" data-sha256="${sha256Hex(evidence)}">${evidence}</script>
<script>${script}</script>
</body>
</html>
`;
}

function base64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}

function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
