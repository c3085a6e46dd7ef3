// Takes the place of msgpackr in the bundled CLI. Of MessagePack an index needs whole numbers, texts, bytes and lists, and half of
// what a one-shot command is made of would be the rest of it. Anything else is refused, which makes an index unusable, as it
// should be: whoever reads it reads the journal instead.

const FIRST_BYTES = 4096;

class Packr {
  /** @param {unknown} value of safe whole numbers from 0, texts, buffers, and arrays of these */
  pack(value) {
    const out = new Output();
    out.put(value);
    return out.bytes.subarray(0, out.length);
  }
}

class Output {
  bytes = Buffer.allocUnsafe(FIRST_BYTES);
  length = 0;

  /** @param {unknown} value */
  put(value) {
    if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'string') this.#text(value);
    else if (Array.isArray(value)) this.#list(value);
    else if (Buffer.isBuffer(value)) this.#buffer(value);
    else throw new TypeError(`an index cannot hold ${typeof value}`);
  }

  /** @param {number} value */
  #number(value) {
    if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`an index cannot hold ${value}`);
    if (value < 0x80) this.#code(value);
    else if (value < 0x100) this.#code(0xcc, value, 1);
    else if (value < 0x10000) this.#code(0xcd, value, 2);
    else if (value < 0x100000000) this.#code(0xce, value, 4);
    else {
      // As msgpackr writes those that do not fit into 32 bits.
      this.#code(0xcb);
      this.#room(8);
      this.length = this.bytes.writeDoubleBE(value, this.length);
    }
  }

  /** @param {string} text */
  #text(text) {
    const size = Buffer.byteLength(text);
    if (size < 32) this.#code(0xa0 + size);
    else if (size < 0x100) this.#code(0xd9, size, 1);
    else if (size < 0x10000) this.#code(0xda, size, 2);
    else this.#code(0xdb, size, 4);
    this.#room(size);
    this.length += this.bytes.write(text, this.length);
  }

  /** @param {readonly unknown[]} list */
  #list(list) {
    if (list.length < 16) this.#code(0x90 + list.length);
    else if (list.length < 0x10000) this.#code(0xdc, list.length, 2);
    else this.#code(0xdd, list.length, 4);
    for (const value of list) this.put(value);
  }

  /** @param {Buffer} buffer */
  #buffer(buffer) {
    if (buffer.length < 0x100) this.#code(0xc4, buffer.length, 1);
    else if (buffer.length < 0x10000) this.#code(0xc5, buffer.length, 2);
    else this.#code(0xc6, buffer.length, 4);
    this.#room(buffer.length);
    this.length += buffer.copy(this.bytes, this.length);
  }

  /** @param {number} code @param {number} value that follows it, in so many bytes @param {number} size */
  #code(code, value = 0, size = 0) {
    this.#room(1 + size);
    this.bytes[this.length++] = code;
    if (size > 0) this.length = this.bytes.writeUIntBE(value, this.length, size);
  }

  /** @param {number} size */
  #room(size) {
    if (this.length + size <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.length + size));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

class Unpackr {
  /** @param {Buffer} bytes @returns {unknown} of the kinds that {@link Packr} takes; throws for anything else */
  unpack(bytes) {
    const input = new Input(bytes);
    const value = input.take();
    if (!input.isAtEnd) throw new TypeError('an index with something behind it');
    return value;
  }
}

class Input {
  #bytes;
  #at = 0;

  /** @param {Buffer} bytes */
  constructor(bytes) {
    this.#bytes = bytes;
  }

  get isAtEnd() {
    return this.#at === this.#bytes.length;
  }

  /** @returns {unknown} */
  take() {
    const code = this.#count(1);
    if (code < 0x80) return code;
    if (code >= 0x90 && code < 0xa0) return this.#list(code - 0x90);
    if (code >= 0xa0 && code < 0xc0) return this.#text(code - 0xa0);
    switch (code) {
      case 0xc4:
        return this.#part(this.#count(1));
      case 0xc5:
        return this.#part(this.#count(2));
      case 0xc6:
        return this.#part(this.#count(4));
      case 0xcb:
        return this.#part(8).readDoubleBE();
      case 0xcc:
        return this.#count(1);
      case 0xcd:
        return this.#count(2);
      case 0xce:
        return this.#count(4);
      case 0xd9:
        return this.#text(this.#count(1));
      case 0xda:
        return this.#text(this.#count(2));
      case 0xdb:
        return this.#text(this.#count(4));
      case 0xdc:
        return this.#list(this.#count(2));
      case 0xdd:
        return this.#list(this.#count(4));
      default:
        throw new TypeError(`an index does not hold what begins with ${code}`);
    }
  }

  /** @param {number} size */
  #count(size) {
    // Throws at the end of the bytes.
    const value = this.#bytes.readUIntBE(this.#at, size);
    this.#at += size;
    return value;
  }

  /** @param {number} size */
  #part(size) {
    const end = this.#at + size;
    if (end > this.#bytes.length) throw new TypeError('an index that is cut short');
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  /** @param {number} size */
  #text(size) {
    return this.#part(size).toString();
  }

  /** @param {number} length */
  #list(length) {
    const list = [];
    // A length that promises more than there is ends with the bytes.
    for (let i = 0; i < length; i++) list.push(this.take());
    return list;
  }
}

exports.Packr = Packr;
exports.Unpackr = Unpackr;
