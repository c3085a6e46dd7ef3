/** Debian's Chromium, driven headless. A test that needs it fails aloud where it is missing: it must not pass unseen. */
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const CHROMIUM = process.env['GAIT_TEST_CHROMIUM'] ?? '/usr/bin/chromium';

/** Nothing in the background, which would ask the network. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function startBrowser(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(
      `no browser at ${CHROMIUM}: install it (Debian: apt-get install -y chromium), or name another with GAIT_TEST_CHROMIUM`,
    );
  }
  return await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}
