import { createCipheriv, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Words4 } from '../philox.ts';
import { chachaBlock, chachaState, type Words8 } from './chacha.ts';

/** Little-endian words of hexadecimal bytes. */
function words(hex: string): number[] {
  const bytes = Buffer.from(hex, 'hex');
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32LE(4 * i));
}

/** The bytes of a block in hexadecimal. */
function blockHex(key: string, input: string, rounds: 8 | 12 | 20): string {
  const state = chachaState(words(key) as unknown as Words8, words(input) as unknown as Words4);
  return Buffer.from(chachaBlock(state, rounds).buffer).toString('hex');
}

const ZERO_KEY = '0'.repeat(64);

describe('chachaBlock', () => {
  // key, counter and nonce, output: RFC 8439, section 2.3.2 and appendix A.1 (test vectors 1, 2, 4)
  test.each([
    [
      '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
      '01000000000000090000004a00000000',
      '10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4ed2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e',
    ],
    [
      ZERO_KEY,
      '00000000000000000000000000000000',
      '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586',
    ],
    [
      ZERO_KEY,
      '01000000000000000000000000000000',
      '9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f',
    ],
    [
      `00ff${'0'.repeat(60)}`,
      '02000000000000000000000000000000',
      '72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096',
    ],
  ])('ChaCha20, key %s, input %s', (key, input, output) => {
    expect(blockHex(key, input, 20)).toBe(output);
  });

  // draft-strombergson-chacha-test-vectors-01, TC1 and TC8 for keys of 256 bits: rounds, key, nonce of 64 bits, blocks 0 and 1
  test.each([
    [
      8,
      ZERO_KEY,
      '0000000000000000',
      '3e00ef2f895f40d67f5bb8e81f09a5a12c840ec3ce9a7f3b181be188ef711a1e984ce172b9216f419f445367456d5619314a42a3da86b001387bfdb80e0cfe42',
      'd2aefa0deaa5c151bf0adb6c01f2a5adc0fd581259f9a2aadcf20f8fd566a26b5032ec38bbc5da98ee0c6f568b872a65a08abf251deb21bb4b56e5d8821e68aa',
    ],
    [
      8,
      'c46ec1b18ce8a878725a37e780dfb7351f68ed2e194c79fbc6aebee1a667975d',
      '1ada31d5cf688221',
      '838751b42d8ddd8a3d77f48825a2ba752cf4047cb308a5978ef274973be374c96ad848065871417b08f034e681fe46a93f7d5c61d1306614d4aaf257a7cff08b',
      '16f2fda170cc18a4b58a2667ed962774af792a6e7f3c77992540711a7a136d7e8a2f8d3f93816709d45a3fa5f8ce72fde15be7b841acba3a2abd557228d9fe4f',
    ],
    [
      12,
      ZERO_KEY,
      '0000000000000000',
      '9bf49a6a0755f953811fce125f2683d50429c3bb49e074147e0089a52eae155f0564f879d27ae3c02ce82834acfa8c793a629f2ca0de6919610be82f411326be',
      '0bd58841203e74fe86fc71338ce0173dc628ebb719bdcbcc151585214cc089b442258dcda14cf111c602b8971b8cc843e91e46ca905151c02744a6b017e69316',
    ],
    [
      12,
      'c46ec1b18ce8a878725a37e780dfb7351f68ed2e194c79fbc6aebee1a667975d',
      '1ada31d5cf688221',
      '1482072784bc6d06b4e73bdc118bc0103c7976786ca918e06986aa251f7e9cc1b2749a0a16ee83b4242d2e99b08d7c20092b80bc466c87283b61b1b39d0ffbab',
      'd94b116bc1ebdb329b9e4f620db695544a8e3d9b68473d0c975a46ad966ed631e42aff530ad5eac7d8047adfa1e5113c91f3e3b883f1d189ac1c8fe07ba5a42b',
    ],
    [
      20,
      'c46ec1b18ce8a878725a37e780dfb7351f68ed2e194c79fbc6aebee1a667975d',
      '1ada31d5cf688221',
      'f63a89b75c2271f9368816542ba52f06ed49241792302b00b5e8f80ae9a473afc25b218f519af0fdd406362e8d69de7f54c604a6e00f353f110f771bdca8ab92',
      'e5fbc34e60a1d9a9db17345b0a402736853bf910b060bdf1f897b6290f01d138ae2c4c90225ba9ea14d518f55929dea098ca7a6ccfe61227053c84e49a4a3332',
    ],
  ] as const)('ChaCha%i, key %s, nonce %s', (rounds, key, nonce, first, second) => {
    expect(blockHex(key, `0000000000000000${nonce}`, rounds)).toBe(first);
    expect(blockHex(key, `0100000000000000${nonce}`, rounds)).toBe(second);
  });

  test('ChaCha20 as OpenSSL has it, for random keys and inputs', () => {
    for (let i = 0; i < 200; i++) {
      const key = randomBytes(32);
      const input = randomBytes(16);
      const want = createCipheriv('chacha20', key, input).update(Buffer.alloc(64));
      expect(blockHex(key.toString('hex'), input.toString('hex'), 20)).toBe(want.toString('hex'));
    }
  });

  test('leaves its state as it is, and fills the block that it is given', () => {
    const state = chachaState([1, 2, 3, 4, 5, 6, 7, 2 ** 32 - 1], [8, 9, 10, 11]);
    const before = state.slice();
    const block = new Int32Array(16).fill(-1);
    expect(chachaBlock(state, 8, block)).toBe(block);
    expect(state).toEqual(before);
    expect(chachaBlock(state, 8)).toEqual(block);
  });
});
