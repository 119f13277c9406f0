/** Frames of a TCP connection: what they are, however the bytes are cut, and what is no frame. */
import { describe, expect, test } from 'vitest'
import { openFraming } from '../../../ingest/collect/framing.ts'

const LONGEST = 1000
const counted = (...messages: string[]) => messages.map((each) => `${Buffer.byteLength(each)} ${each}`).join('')
const all = (text: string, size: number) => {
  const framing = openFraming(LONGEST)
  const bytes = Buffer.from(text)
  const messages: string[] = []
  let lost: string | undefined
  let most = 0
  for (let at = 0; at < bytes.length && lost === undefined; at += size) {
    const took = framing.take(bytes.subarray(at, at + size))
    messages.push(...took.messages.texts().map(String))
    lost = took.lost
    most = Math.max(most, framing.held())
  }
  const before = messages.length
  if (lost === undefined) messages.push(...framing.end().texts().map(String))
  return { messages, ended: messages.length - before, lost, most }
}

describe.each([1, 2, 3, 7, 64, 100_000])('cut every %d bytes', (size) => {
  test.each<[string, string, string[], number]>([
    ['octets counted', counted('<1>một', '<2>hai', '<3>ba'), ['<1>một', '<2>hai', '<3>ba'], 0],
    ['octets counted, and ended as well', '6 <1>mot\n6 <2>hai\r\n6 <3>bab\0', ['<1>mot', '<2>hai', '<3>bab'], 0],
    ['a line end within a counted message', counted('<1>một\nhai', '<2>ba'), ['<1>một\nhai', '<2>ba'], 0],
    ['counted, without a priority', counted('mot', '12 hai'), ['mot', '12 hai'], 0],
    ['lines', '<1>một\n<2>hai\r\n\n<3>ba\n', ['<1>một', '<2>hai', '<3>ba'], 0],
    ['the last line without an ending', '<1>một\n<2>hai', ['<1>một', '<2>hai'], 1],
    ['ended by NUL: none waits for the close', '<1>một\0<2>hai\0<3>ba\0', ['<1>một', '<2>hai', '<3>ba'], 0],
    ['a counted frame that the close cuts', '6 <1>mot9 <2>h', ['<1>mot', '<2>h'], 1],
    ['lines that begin like numbers', '2026-11-21 a\n17 b\n', ['2026-11-21 a', '17 b'], 0],
    ['numbers that are no lengths', '12345678901 a\n', ['12345678901 a'], 0],
  ])('%s', (_, text, messages, ended) => {
    expect(all(text, size)).toMatchObject({ messages, ended, lost: undefined })
  })
  test.each<[string, string, number, RegExp]>([
    ['a count that is too small', '5 <1>mot6 <2>hai', 1, /should begin with its length, and "t/],
    ['a count that is too large', '8 <1>mot6 <2>hai6 <3>bab', 1, /should begin with its length, and "</],
    [
      'a count that ends within the next count',
      '7 <1>mot16 <2>hai hai hai ab',
      2,
      /should begin with its length, and " /,
    ],
    ['a count that no frame may have', '999999999 <1>mot', 0, /^a frame of 999999999 bytes is announced/],
    ['a count that is no number', '6 <1>mot-5 <2>hai', 1, /should begin with its length, and "-/],
    ['a line without an end', `<1>mot\n${'a'.repeat(1001)}`, 1, /a line .*longer than 1000|more than 1000 bytes/],
    ['a line that is too long', `<1>mot\n${'a'.repeat(1001)}\n`, 1, /a line .*longer than 1000|more than 1000 bytes/],
  ])('%s: nothing that follows is guessed', (_, text, before, reason) => {
    const { messages, lost } = all(text, size)
    expect(messages).toHaveLength(before)
    expect(lost).toMatch(reason)
  })
})

test('a frame that comes byte by byte takes twice its memory at most, and its bytes are looked at once', () => {
  const framing = openFraming(1 << 20)
  let grown = 0
  let before = 0
  const send = (text: string) => framing.take(Buffer.from(text))
  send('1048000 <')
  for (let i = 1; i < 1_048_000; i++) {
    send('a')
    if (framing.held() !== before) grown += framing.held()
    before = framing.held()
  }
  expect(framing.held()).toBe(0)
  // Copied whenever it grew: linear in all.
  expect(grown).toBeLessThan(3 << 20)
})

test('NULs before a line’s ending fill it up', () => {
  const framing = openFraming(LONGEST)
  expect(framing.take(Buffer.from('<1>mot\0\0\n<2>h\0ai\n')).messages.texts().map(String)).toEqual([
    '<1>mot',
    '<2>h\0ai',
  ])
})
