/** Attacks are found, what people write is not, and gates lose nothing. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Asked, analyse, FIELDS } from '../../../../ingest/enrich/request/request.ts'
import { AGENTS, ATTACKS, TARGETS } from './attacks.ts'
import { ATTACK, BENIGN } from './generators.ts'
import { TEXTS } from './texts.ts'

const inQuery = (value: string): string => `/tra-cuu?tu-khoa=${encodeURIComponent(value).replaceAll("'", '%27')}`
const found = (asked: Asked) => analyse(asked).all()
/** Fields of sure evidence. */
const sure = (asked: Asked): string[] =>
  Object.keys(found(asked)).filter((field) => !/_hint$|\.place$|\.truncated$/.test(field))

describe.each(Object.entries(ATTACKS))('%s', (field, values) => {
  test.each(values)('%s', (value) => {
    expect(sure({ target: inQuery(value) })).toContain(field)
  })
})
test.each(TARGETS)('%s: %s', (target, field) => {
  expect(sure({ target })).toContain(field)
})
test.each(AGENTS)('requester %s: %s', (agent, field) => {
  expect(sure({ target: '/', agent })).toContain(field)
})
test('a referrer is a request of its own, and its place is said', () => {
  const { 'request.sql': sql, 'request.place': place } = found({
    target: '/',
    referrer: `https://a.example${inQuery("' or 1=1-- ")}`,
  })
  expect(sql).toContain('string_close_boolean')
  expect(place).toEqual(['referrer'])
})
test('a session in an address, planted by another site', () => {
  const target = '/dang-nhap?PHPSESSID=abc123'
  expect(sure({ target, referrer: 'https://bad.example/' })).toEqual(['request.session'])
  expect(sure({ target, referrer: 'https://cong.example/a', host: 'cong.example' })).toEqual([])
  expect(sure({ target })).toEqual([])
})

describe('no attack', () => {
  test.each(TEXTS)('%s', (text) => {
    expect(sure({ target: inQuery(text) })).toEqual([])
  })
  test('generated: prose, goods, names, addresses, JSON, base64, code-like searches', () => {
    const wrong = fc
      .sample(BENIGN, { numRuns: 4000, seed: 17 })
      .filter((text) => sure({ target: inQuery(text) }).length > 0)
    // One in a thousand may look like what it is not.
    expect(wrong.length, wrong.slice(0, 5).join('\n')).toBeLessThanOrEqual(4)
  })
})

test.each(Object.entries(ATTACK))('generated from a grammar: %s', (field, arbitrary) => {
  const missed = fc
    .sample(arbitrary, { numRuns: 1500, seed: 17 })
    .filter((text) => !sure({ target: inQuery(text) }).includes(field))
  expect(missed.length / 1500, missed.slice(0, 8).join('\n')).toBeLessThanOrEqual(0.02)
})

describe('gates', () => {
  const same = (asked: Asked): void => {
    expect(analyse(asked).all(), JSON.stringify(asked)).toEqual(analyse(asked, false).all())
  }
  test('every payload and every harmless text gives the same without them', () => {
    for (const value of [...Object.values(ATTACKS).flat(), ...TEXTS]) {
      same({ target: inQuery(value) })
      same({ target: `/a?${encodeURIComponent(value)}=1` })
      same({ target: `/a/${encodeURIComponent(value)}` })
      same({ target: '/', agent: value, referrer: value })
    }
    for (const [target] of TARGETS) same({ target })
  })
  test('so do generated ones, and noise', () => {
    const noise = fc.string({
      unit: fc.constantFrom(...' \'"`<>(){}[]$;|&/\\.:=%*?#@!^~+-_\n1a', 'or', 'select', 'id', 'if', 'net', 'os.', 'à'),
      maxLength: 24,
    })
    fc.assert(
      fc.property(fc.oneof(noise, BENIGN, ...Object.values(ATTACK)), (value) => {
        same({ target: inQuery(value) })
      }),
      { numRuns: 3000, seed: 17 },
    )
  })
})

describe('bounds', () => {
  test('what is not looked at is said', () => {
    const many = `/a?${Array.from({ length: 300 }, (_, i) => `p${i}=1`).join('&')}`
    expect(analyse({ target: many }).truncated).toBe(true)
    expect(analyse({ target: `/a?x=${'a b '.repeat(4000)}` }).truncated).toBe(true)
    expect(analyse({ target: '/a?x=1' }).truncated).toBe(false)
  })
  test('names only: nothing of what was sent is in the fields', () => {
    fc.assert(
      fc.property(fc.oneof(...Object.values(ATTACK)), (value) => {
        const all = found({ target: inQuery(value) })
        for (const [field, names] of Object.entries(all)) {
          expect(FIELDS).toContain(field)
          for (const name of names) expect(name).toMatch(/^[a-z][a-z_0-9]*$/)
        }
      }),
      { numRuns: 500, seed: 17 },
    )
  })
  test('any text is taken', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc.string({ unit: 'binary', maxLength: 60 }),
        (target, agent) => {
          analyse({ target, agent, referrer: agent })
        },
      ),
      { numRuns: 2000, seed: 17 },
    )
  })
})
