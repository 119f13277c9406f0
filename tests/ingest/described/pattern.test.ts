/** A pattern means what RE2 says it means, whichever engine runs it, and no line costs more than its length. */
import fc from 'fast-check'
import { RE2JS } from 're2js'
import { expect, test } from 'vitest'
import { type Pattern, patternOf, WrongPattern } from '../../../ingest/described/pattern.ts'
import { runs } from '../../random.ts'

const found = (source: string | Pattern, line: string): Record<string, string> | undefined => {
  const bytes = Buffer.from(`xx${line}yy`)
  const pattern = typeof source === 'string' ? patternOf(source) : source
  if (!pattern.matches(bytes, 2, bytes.length - 2)) return undefined
  return Object.fromEntries(
    pattern.names.flatMap((name, i) => {
      const [a, z] = [pattern.found[i * 2]!, pattern.found[i * 2 + 1]!]
      return a < 0 ? [] : [[name, bytes.toString('utf8', a, z)]]
    }),
  )
}

test.each([
  [
    '(?<source.ip>\\S+) (?<user.name>[^ ]*) (?<n>\\d+)',
    '192.0.2.1 lan 7',
    { 'source.ip': '192.0.2.1', 'user.name': 'lan', n: '7' },
    'v8',
  ],
  ['(?<a>[^|]*)\\|(?<b>.*)', 'Nguyễn|văn|A', { a: 'Nguyễn', b: 'văn|A' }, 'v8'],
  ['lúc (?<t>\\d{2}:\\d{2})(?: của (?<u>\\w+))?', 'lúc 09:30 của lan', { t: '09:30', u: 'lan' }, 'v8'],
  ['lúc (?<t>\\d{2}:\\d{2})(?: của (?<u>\\w+))?', 'lúc 09:30', { t: '09:30' }, 'v8'],
  ['"(?<a>.*)" (?<b>\\d+)', '"a" b" 12', { a: 'a" b', b: '12' }, 'scanner'],
  ['(?<a>.*) ị(?<b>.*)', 'ệ ệ ịệ', { a: 'ệ ệ', b: 'ệ' }, 'scanner'],
  ['(?i)get (?<p>/.*)', 'GeT /a', { p: '/a' }, 're2'],
  ['(?<a>a|b)(?<c>[\\]x-z\\-]+)', 'b]-z', { a: 'b', c: ']-z' }, 'v8'],
] as const)('%s', (source, line, parts, by) => {
  expect(patternOf(source).by).toBe(by)
  expect(found(source, line)).toEqual(parts)
})
test('the whole line, not a part of it', () => {
  expect(found('(?<a>\\d+)', '12 ')).toBeUndefined()
  expect(found('(?<a>\\d+)', ' 12')).toBeUndefined()
})
test.each([
  ['(a)', 0, /a group without a name/],
  ['x(?<a>.)(?<a>.)', 8, /the field a stands twice/],
  ['(?<a>[)', 0, /RE2/],
  ['(?<a>x)(?=y)', 0, /RE2/],
])('%s is refused', (source, at, words) => {
  expect(() => patternOf(source)).toThrow(words)
  try {
    patternOf(source)
  } catch (error) {
    expect(error).toBeInstanceOf(WrongPattern)
    expect((error as WrongPattern).at).toBe(at)
  }
})

const piece = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    ' ',
    ',',
    '=',
    '\\.',
    'ị',
    '\\d',
    '\\w',
    '\\S',
    '\\s',
    '[^ ]',
    '[^,ab]',
    '[a-c]',
    '[^=]',
    '.',
  ),
)
const quantified = fc
  .tuple(piece, fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,3}', '{0,2}?', '*?', '+?', '??'))
  .map(([one, times]) => one + times)
const part = fc.oneof(
  { weight: 4, arbitrary: quantified },
  { weight: 2, arbitrary: fc.array(quantified, { minLength: 1, maxLength: 3 }).map((all) => `(?<@>${all.join('')})`) },
  { weight: 1, arbitrary: fc.array(quantified, { minLength: 1, maxLength: 2 }).map((all) => `(?:${all.join('')})?`) },
  { weight: 1, arbitrary: fc.tuple(quantified, quantified).map(([a, b]) => `(?:${a}|${b})`) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(quantified, quantified, fc.constantFrom('', '*', '+', '+?', '{1,2}', '{2}'))
      .map(([a, b, times]) => `(?:${a}(?<@>${b})|b)${times}`),
  },
)
const pattern = fc.array(part, { minLength: 1, maxLength: 7 }).map((all) => {
  let n = 0
  return all.join('').replaceAll('<@>', () => `<f${n++}>`)
})
const line = fc
  .array(fc.constantFrom('a', 'b', 'c', 'd', ' ', ',', '=', '.', '1', '2', 'ị', '-'), { maxLength: 12 })
  .map((all) => all.join(''))

test('what this runs itself is what RE2 finds', () => {
  let [single, scanned, matched] = [0, 0, 0]
  fc.assert(
    fc.property(pattern, fc.array(line, { minLength: 4, maxLength: 8 }), (source, lines) => {
      const mine = patternOf(source)
      if (mine.by === 're2') return
      if (mine.by === 'v8') single++
      else scanned++
      const re2 = RE2JS.compile(`^(?:${source.replaceAll('(?<', '(?P<')})$`)
      for (const text of lines) {
        const m = re2.matcher(text)
        const is = m.matches()
        if (is) matched++
        const expected = is
          ? Object.fromEntries(mine.names.flatMap((name, i) => (m.start(i + 1) < 0 ? [] : [[name, m.group(i + 1)]])))
          : undefined
        expect(found(mine, text), `${source} over ${JSON.stringify(text)}`).toEqual(expected)
      }
    }),
    { numRuns: runs(2000) },
  )
  expect(single).toBeGreaterThan(100)
  expect(scanned).toBeGreaterThan(1000)
  expect(matched).toBeGreaterThan(5)
})
