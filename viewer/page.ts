/** The script of an evidence report: reads what the page carries, checks it, and shows both. Runs offline. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { check, type Verdict } from './check.js';
import { byId, el } from './dom.js';
import type { Evidence } from './evidence.js';
import { showSummary, showVerdict } from './facts.js';
import { readKey, type TrustedKey } from './note.js';
import { Timeline } from './timeline.js';

function main(): void {
  const data = byId('evidence');
  const text = data.textContent ?? '';
  const isIntact = bytesToHex(sha256(utf8ToBytes(text))) === data.dataset['sha256'];
  let evidence: Evidence;
  try {
    evidence = JSON.parse(text) as Evidence;
    start(evidence, isIntact);
  } catch (error) {
    const banner = byId('verdict');
    banner.className = 'bad';
    banner.replaceChildren(
      el('h2', {}, '✗ The evidence in this page cannot be read'),
      el('p', {}, error instanceof Error ? error.message : String(error)),
    );
  }
}

function start(evidence: Evidence, isIntact: boolean): void {
  const embedded = evidence.keys.map(({ public_key: key }) => readKey(key));
  const judge = (keys: readonly TrustedKey[]): Verdict => {
    const verdict = check(evidence, keys);
    const colour = showVerdict(evidence, verdict, isIntact, keys.length > 0);
    document.documentElement.dataset['verdict'] = colour;
    showSummary(evidence, verdict);
    return verdict;
  };
  const timeline = new Timeline(judge(embedded));
  timeline.draw();
  const form = byId('key-form') as HTMLFormElement;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const input = byId('key') as HTMLInputElement;
    const message = byId('key-message');
    try {
      const keys = input.value.trim() === '' ? embedded : [readKey(input.value)];
      timeline.update(judge(keys));
      message.textContent = `Checked with ${keys.map(({ keyId }) => keyId).join(', ') || 'no key'}.`;
    } catch (error) {
      message.textContent = error instanceof Error ? error.message : String(error);
    }
  });
}

main();
