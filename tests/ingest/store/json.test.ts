/** JSON that is written as bytes is what JSON.stringify writes. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { JsonBytes } from '../../../ingest/store/json.ts'

const json = new JsonBytes(64)
const written = (put: () => void): string => {
  json.at = 0
  put()
  return json.buffer.toString('utf8', 0, json.at)
}

test.each([0, -0, 9, 10, 999_999_999, 1e9, 1e9 + 1, 10_000_000_001, 2 ** 31, 2 ** 53 - 1, 2 ** 53, -1, 0.5, 1e21])(
  'the number %d',
  (n) => {
    expect(written(() => json.number(n))).toBe(JSON.stringify(n))
  },
)
test('any number', () => {
  const any = fc.oneof(fc.maxSafeInteger(), fc.maxSafeNat(), fc.double({ noNaN: true, noDefaultInfinity: true }))
  fc.assert(fc.property(any, (n) => written(() => json.number(n)) === JSON.stringify(n)))
})
test('any text', () => {
  const text = fc.string({ unit: 'binary' })
  fc.assert(fc.property(text, (t) => written(() => json.string(t)) === JSON.stringify(t)))
})
