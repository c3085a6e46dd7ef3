/** The page of `gait report` in a real browser: it checks itself, it is red when it was edited, it can be used by keyboard. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { formatPublicKey } from '../../src/sign/index.js';
import { verify } from '../../src/index.js';
import { gait } from '../cli/gait.js';
import { complaints, undeclaredKeys } from '../schemas/schema-files.js';
import { KEY, OTHER_KEY, sealedSession, type SealedSession } from '../support/sealed-session.js';
import { tempDir } from '../support/temp-dir.js';
import { startBrowser } from './browser.js';

const EVENTS = 60;

let browser: Browser;
let session: SealedSession;
let keyFile: string;
let signedPage: string;

beforeAll(async () => {
  browser = await startBrowser();
  session = await sealedSession(EVENTS);
  keyFile = join(tempDir(), 'public.key');
  writeFileSync(keyFile, `${formatPublicKey(KEY.publicKey)}\n`);
  signedPage = await report('--public-key', keyFile);
});

afterAll(async () => {
  await browser.close();
});

async function report(...flags: readonly string[]): Promise<string> {
  const out = join(tempDir(), 'report.html');
  const { code, stderr } = await gait(['report', '--journal', session.journal, '--out', out, ...flags]);
  if (code !== 0) throw new Error(stderr);
  return out;
}

interface Opened {
  readonly page: Page;
  /** What the page asked of anything outside itself and was not stopped by its own policy; complaints of the browser. */
  readonly requests: string[];
  readonly errors: string[];
}

async function open(path: string, width = 1280): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width, height: 800 }, offline: true });
  onTestFinished(async () => context.close());
  const page = await context.newPage();
  const url = pathToFileURL(path).href;
  const requests: string[] = [];
  const errors: string[] = [];
  page.on('requestfinished', (request) => void (request.url() === url || requests.push(request.url())));
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? '';
    if (why !== 'csp') requests.push(`${request.url()} ${why}`);
  });
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => errors.push(message.text()));
  await page.goto(url);
  return { page, requests, errors };
}

async function colour(page: Page): Promise<string | null> {
  return await page.getAttribute('html', 'data-verdict');
}

/** A copy of the page with its text changed; that the text was there is part of the test. */
function edited(path: string, change: (text: string) => string): string {
  const text = readFileSync(path, 'utf8');
  const changed = change(text);
  expect(changed).not.toBe(text);
  const copy = join(tempDir(), 'edited.html');
  writeFileSync(copy, changed);
  return copy;
}

describe('the page', () => {
  test('re-computes every hash, root and signature, offline, and turns green', async () => {
    const { page, requests, errors } = await open(signedPage);
    expect(await colour(page)).toBe('good');
    const text = await page.innerText('#verdict');
    expect(text).toContain(
      `${EVENTS + 4} lines hashed, ${EVENTS + 3} linked, 3 roots recomputed, 3 signatures verified`,
    );
    expect(text).toContain(`Signed up to event ${EVENTS}`);
    expect([requests, errors]).toEqual([[], []]);
  });

  test('is amber without a key, and green or not by the key that its reader enters', async () => {
    const { page } = await open(await report());
    expect(await colour(page)).toBe('doubtful');
    for (const [key, expected] of [
      [formatPublicKey(KEY.publicKey), 'good'],
      [KEY.publicKey.toString('hex'), 'good'],
      [formatPublicKey(OTHER_KEY.publicKey), 'doubtful'],
      ['nonsense', 'doubtful'],
    ] as const) {
      await page.fill('#key', key);
      await page.press('#key', 'Enter');
      expect(await colour(page)).toBe(expected);
    }
  });

  test.each<[string, (text: string) => string]>([
    ['a decision', (text) => text.replace('\\"verdict\\":\\"allow\\"', '\\"verdict\\":\\"block\\"')],
    [
      'a digit of a hash',
      (text) =>
        text.replace(
          /(\\"prev\\":\\"[0-9a-f]{10})([0-9a-f])/,
          (_, head: string, digit: string) => `${head}${digit === '0' ? '1' : '0'}`,
        ),
    ],
    ['what gait found', (text) => text.replace('"ok":true', '"ok":false')],
    ['the number of lines', (text) => text.replace(/"tree_size":(\d+)/, '"tree_size":1$1')],
    ['what nothing else vouches for', (text) => text.replace('"generated_at":"2', '"generated_at":"1')],
    ['a line left out', (text) => text.replace(/,"\{[^,]*\\"event\\".*?\}"(?=,"\{)/, '')],
  ])('turns red when %s is edited', async (_, change) => {
    const { page } = await open(edited(signedPage, change));
    expect(await colour(page)).toBe('bad');
  });

  test('turns red for an edited line also when the digest of its data was made to fit', async () => {
    const path = edited(signedPage, (text) => {
      const changed = text.replace('\\"verdict\\":\\"allow\\"', '\\"verdict\\":\\"block\\"');
      const [, evidence = ''] = /<script type="application\/json"[^>]*>([^<]*)<\/script>/.exec(changed) ?? [];
      return changed.replace(/data-sha256="[0-9a-f]*"/, `data-sha256="${sha256(evidence)}"`);
    });
    const { page } = await open(path);
    expect(await colour(page)).toBe('bad');
    expect(await page.innerText('#verdict')).toMatch(/line \d+: it names another hash for the line before it/);
  });

  test('runs nothing but its own script', async () => {
    const { page, requests } = await open(
      edited(signedPage, (text) =>
        text.replace(
          '</main>',
          '</main><script>document.title = "owned"</script><img src="https://example.com/x.png">',
        ),
      ),
    );
    expect(await page.title()).not.toBe('owned');
    expect(requests).toEqual([]);
  });

  test('says of a journal that does not verify that it does not', async () => {
    const bad = join(tempDir(), 'bad.jsonl');
    writeFileSync(bad, readFileSync(session.journal, 'utf8').replace('"verdict":"allow"', '"verdict":"block"'));
    const out = join(tempDir(), 'bad.html');
    const { json } = await gait(['report', '--journal', bad, '--out', out, '--json', '--public-key', keyFile]);
    expect(json).toMatchObject({ journal_ok: false });
    const { page } = await open(out);
    expect(await colour(page)).toBe('bad');
    expect(await page.title()).toMatch(/^INVALID/);
  });

  test('shows hostile text as text', async () => {
    const out = join(tempDir(), 'hostile.html');
    const journal = join(tempDir(), 'hostile.jsonl');
    await gait(['run', 'session', 'start', '--journal', journal, '--session-id', '</title><b>x', '--run-id', 'r']);
    const attributes = JSON.stringify({
      html: '</script><script>document.title="owned"</script><!--',
      more: '\u2028&amp;',
    });
    await gait([
      'run',
      'session',
      'append',
      '--journal',
      journal,
      '--tool',
      '<img src=x onerror=alert(1)>',
      '--verdict',
      'allow',
      '--attributes',
      attributes,
    ]);
    await gait(['report', '--journal', journal, '--out', out]);
    const { page, errors } = await open(out);
    expect(await page.title()).toContain('</title><b>x');
    expect(await page.locator('#timeline .tool').innerText()).toBe('<img src=x onerror=alert(1)>');
    expect([await page.locator('img').count(), errors]).toEqual([0, []]);
  });
});

describe('the timeline', () => {
  test('is searched by words and by decision', async () => {
    const { page } = await open(signedPage);
    const rows = page.locator('#timeline details');
    expect(await rows.count()).toBe(EVENTS + 4);
    await page.selectOption('#decision', 'checkpoint');
    expect(await rows.count()).toBe(3);
    await page.selectOption('#decision', '');
    await page.fill('#search', '"sequence":17,');
    expect(await page.innerText('#count')).toBe(`1 line of ${EVENTS + 4}`);
    expect(await rows.locator('b').first().textContent()).toBe('#17');
    await page.fill('#search', 'no such words');
    expect(await rows.count()).toBe(0);
  });

  test('opens a line to its fields and hashes, all by keyboard', async () => {
    const { page } = await open(signedPage);
    await page.keyboard.press('/');
    expect(await page.evaluate('document.activeElement?.id')).toBe('search');
    await page.keyboard.type('"sequence":5,');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    const body = page.locator('#timeline .body');
    const [, , , , , line] = readFileSync(session.journal, 'utf8').split('\n');
    expect(await body.locator('pre').innerText()).toBe(line);
    expect(await body.innerText()).toContain('checkpoint 1');
  });

  test('gives an inclusion proof that gait verifies', async () => {
    const { page } = await open(signedPage);
    for (const sequence of [1, 5, EVENTS - 1]) {
      await page.fill('#search', `"sequence":${sequence},"`);
      await page.locator('#timeline summary').first().click();
      await page.getByRole('button', { name: 'Copy the inclusion proof' }).click();
      const path = join(tempDir(), 'event.proof');
      writeFileSync(path, await page.locator('#timeline .body textarea').last().inputValue());
      const found = await verify(path, { publicKeys: [KEY.publicKey] });
      expect(found).toMatchObject({ ok: true, kind: 'inclusion_proof', verdict: 'valid' });
    }
  });

  test.each([1280, 640, 320])(
    'fits a window of %d pixels: nothing is cut off at 200 %% and 400 %% of 1280',
    async (width) => {
      const { page } = await open(signedPage, width);
      await page.locator('#timeline summary').nth(2).click();
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      expect(overflow).toBe(0);
    },
  );

  test('everything that can be operated has a name', async () => {
    const { page } = await open(signedPage);
    const nameless = await page.evaluate(`[...document.querySelectorAll('input, select, button, textarea')]
      .filter((it) => it.labels?.length === 0 && it.textContent === '' && !it.hasAttribute('aria-label'))
      .map(({ outerHTML }) => outerHTML)`);
    expect(nameless).toEqual([]);
  });
});

describe('a journal that is larger than a page', () => {
  test('is carried in part, says so, and is still checked up to its signed roots', async () => {
    const path = await report('--public-key', keyFile, '--limit', '20');
    const { page } = await open(path);
    expect(await colour(page)).toBe('good');
    expect(await page.innerText('#verdict')).toContain(`${EVENTS + 4 - 20} earlier lines left out`);
    const forged = edited(path, (text) => text.replace(/"frontier":\["([0-9a-f]{63})./, '"frontier":["$1x'));
    expect(await colour((await open(forged)).page)).toBe('bad');
  });

  test('says in text and JSON what it left out, and never overwrites', async () => {
    const out = join(tempDir(), 'report.html');
    const { json } = await gait(['report', '--journal', session.journal, '--out', out, '--limit', '5', '--json']);
    const { operation: _operation, correlation_id: _id, journal: _journal, ...result } = json;
    expect([complaints('report-result', result), undeclaredKeys('report-result', result)]).toEqual([[], []]);
    expect(json).toMatchObject({ ok: true, lines: 5, lines_left_out: EVENTS - 1, size_bytes: statSync(out).size });
    expect(await gait(['report', '--journal', session.journal, '--out', out, '--json'])).toMatchObject({
      code: 6,
      json: { error_code: 'OUTPUT_EXISTS' },
    });
  });
});

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
