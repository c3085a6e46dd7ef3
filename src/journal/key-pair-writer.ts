/**
 * Puts the two files of a key pair on the disk. Whatever a crash interrupts, there is never a public half that belongs to
 * another private half: evidence signed with the one and checked with the other would look forged. So the public file
 * comes last and, when a pair is replaced, its predecessor goes first. A private key alone is a whole key: it signs, and
 * the public half can be derived from it.
 */
import { dirname } from 'node:path';
import { GaitError } from '../errors.js';
import { formatPrivateKey, formatPublicKey, type KeyPair } from '../sign/index.js';
import { loadPrivateKey, loadPublicKey } from './key-source.js';
import type { World } from './settings.js';
import { errnoOf, ioError, makeDirectories, placeNewFile, stageFile, type FileSystem } from './store/index.js';

/** The files of a key pair, in one folder. */
export interface KeyPaths {
  readonly privateKeyPath: string;
  readonly publicKeyPath: string;
}

/**
 * Writes both halves, durable, mode 0600.
 *
 * @param force replaces what is there; otherwise a file that is there stays, also when somebody makes it this moment
 * @throws GaitError KEY_EXISTS, DISK_FULL, IO_ERROR. Nothing is changed by DISK_FULL: both files are written in full
 * before either is put in place.
 */
export function writeKeyPair(world: World, paths: KeyPaths, pair: KeyPair, force: boolean): void {
  const { fs } = world;
  const staged: string[] = [];
  const stage = (path: string, text: string): string => {
    const temporary = stageFile(fs, path, Buffer.from(text), { durable: true, nonce: world.nonce() });
    staged.push(temporary);
    return temporary;
  };
  try {
    if (!force) refuseExisting(fs, paths);
    makeDirectories(fs, dirname(paths.privateKeyPath));
    const privateFile = stage(paths.privateKeyPath, formatPrivateKey(pair));
    const publicFile = stage(paths.publicKeyPath, formatPublicKey(pair.publicKey));
    if (force) {
      removeDurably(fs, paths.publicKeyPath);
      replaceDurably(fs, privateFile, paths.privateKeyPath);
      replaceDurably(fs, publicFile, paths.publicKeyPath);
      refuseMixedHalves(fs, paths);
    } else {
      placeExclusively(fs, privateFile, paths.privateKeyPath);
      placeExclusively(fs, publicFile, paths.publicKeyPath);
    }
  } catch (error) {
    for (const temporary of staged) removeIfThere(fs, temporary);
    throw ioError(error, 'write the key', paths.privateKeyPath);
  }
}

function refuseExisting(fs: FileSystem, { privateKeyPath, publicKeyPath }: KeyPaths): void {
  if (fs.lstat(privateKeyPath) !== undefined) throw exists(privateKeyPath);
  if (fs.lstat(publicKeyPath) !== undefined) throw exists(publicKeyPath);
}

function placeExclusively(fs: FileSystem, staged: string, path: string): void {
  try {
    placeNewFile(fs, staged, path);
  } catch (error) {
    throw errnoOf(error) === 'EEXIST' ? exists(path, error) : error;
  }
}

function replaceDurably(fs: FileSystem, staged: string, path: string): void {
  fs.rename(staged, path);
  fs.syncDirectory(dirname(path));
}

function removeDurably(fs: FileSystem, path: string): void {
  if (removeIfThere(fs, path)) fs.syncDirectory(dirname(path));
}

function removeIfThere(fs: FileSystem, path: string): boolean {
  if (fs.lstat(path) === undefined) return false;
  fs.unlink(path);
  return true;
}

/**
 * Two that replace one pair at the same time can end with a half of each. Whoever of them looks last sees it here, and
 * takes the public half away: what stays is the private key of the other, whole.
 */
function refuseMixedHalves(fs: FileSystem, { privateKeyPath, publicKeyPath }: KeyPaths): void {
  if (fs.lstat(publicKeyPath) === undefined) return;
  const { publicKey } = loadPrivateKey({ path: privateKeyPath }, { fileSystem: fs });
  if (loadPublicKey({ path: publicKeyPath }, { fileSystem: fs }).equals(publicKey)) return;
  removeDurably(fs, publicKeyPath);
  throw new GaitError('KEY_EXISTS', `another process wrote ${privateKeyPath} at the same time`, {
    hint: 'keep its key, or run the command again',
    details: { path: privateKeyPath },
  });
}

function exists(path: string, cause?: unknown): GaitError {
  return new GaitError('KEY_EXISTS', `there is a key file already: ${path}`, {
    hint: 'choose another prefix, rotate (gait keys rotate), or replace it for good with --force',
    details: { path },
    cause,
  });
}
