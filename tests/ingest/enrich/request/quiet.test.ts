/** Texts that share a key are alike: in both nothing is found, or in both something. And what is remembered changes no answer. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Recent } from '../../../../ingest/computed/remembered.ts'
import { DATA } from '../../../../ingest/enrich/request/data.ts'
import { alike, parameterAlike } from '../../../../ingest/enrich/request/quiet.ts'
import { analyse } from '../../../../ingest/enrich/request/request.ts'

describe('what shares a key', () => {
  test.each([
    ['/tin-tuc/bai-viet-6354.html', '/tin-tuc/bai-viet-1207.html', true],
    ['/ho-so/H61-67417', '/ho-so/H61-99999', true],
    ['/a-12345-67890.html', '/a-12345-11111.html', true],
    ['/bai-viet-635.html', '/bai-viet-120.html', false],
    ['/bai-viet-6354', '/bai-viet-63547', false],
    ['/ip-169-254-169-2540.internal', '/ip-169-254-169-2541.internal', true],
    ['/169-254-169-254.internal', '/169-254-169-255.internal', false],
    ["/bai-6354'", "/bai-1207'", false],
    ['/bai-6354%27', '/bai-1207%27', false],
    ['/b%C3%A0i-6354', '/b%C3%A0i-1207', true],
    ['/-6354', '/-1207', false],
    ['/_-6354', '/_-1207', false],
    ['/bai-6354_a', '/bai-1207_a', false],
  ])('path %s, %s: %s', (one, other, same) => {
    expect(alike(one) === alike(other)).toBe(same)
  })
  test.each([
    ['trang=16', 'trang=20', true],
    ['trang=16', 'trang=160', false],
    ['id=12345', 'id=54321', false],
    ['ma=H61.31-67417', 'ma=H61.31-11111', true],
    ['ma=H61.31-674', 'ma=H61.31-111', false],
    ['16', '20', false],
    ['x=YWxlcnQoMSk-1234567', 'x=YWxlcnQoMSk-7654321', false],
    ["x='1-1234.", "x='1-1235.", false],
    [`x=a-${'2'.repeat(64)}.`, `x=a-${'13'.repeat(32)}.`, true],
    [`x=a-${'2'.repeat(65)}.`, `x=a-${'13'.repeat(33)}.`, false],
    [`x=a-${'2'.repeat(300)}.`, `x=a-${'13'.repeat(150)}.`, false],
  ])('parameter %s, %s: %s', (one, other, same) => {
    const keyOf = (part: string): string => parameterAlike(part, part.indexOf('='))
    expect(keyOf(one) === keyOf(other)).toBe(same)
  })
})

/** Names that mean something to an analyser, so that what stands around a number is not all harmless. */
const NAMES = Object.values(DATA).flatMap((lists) =>
  Object.values(lists).flatMap((list) =>
    Array.isArray(list) ? (list as string[]).flatMap((line) => line.split(' ')) : [],
  ),
)
const name = fc.oneof(
  fc.constantFrom(...NAMES),
  fc.constantFrom(
    'url',
    'ip',
    'cmd',
    'file',
    'page',
    'id',
    'next',
    'host',
    'sid',
    'ping',
    '..',
    'http://a',
    '0x',
    'php',
    'log4j',
    '1',
    'bak',
  ),
)
const shape = fc
  .array(fc.tuple(name, fc.constantFrom('', '-', '/', '.', '-#', '-##', '.#', '=#', '=##', '/#', '%C3%A0-#')), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => parts.map(([text, between]) => text + between).join(''))
const digits = (length: number) => fc.stringMatching(new RegExp(`^[0-9]{${length}}$`))
const filled = (text: string, few: string, many: string): string => text.replaceAll('##', many).replaceAll('#', few)

test('numbers that share a key say the same', () => {
  fc.assert(
    fc.property(shape, name, digits(4), digits(4), digits(6), digits(6), (text, parameter, a, b, c, d) => {
      const [one, other] = [filled(text, a, c), filled(text, b, d)]
      const empty = (target: string): boolean => analyse({ target }, false).isEmpty
      const [path, path2] = [`/${one.replaceAll('?', '')}`, `/${other.replaceAll('?', '')}`]
      const cameFrom = (from: string): boolean => analyse({ referrer: `https://a.example${from}` }, false).isEmpty
      if (alike(path) === alike(path2)) {
        expect(empty(path), `${path} ${path2}`).toBe(empty(path2))
        expect(cameFrom(path), `from ${path} ${path2}`).toBe(cameFrom(path2))
      }
      const [part, part2] = [`${parameter.replaceAll('=', '')}=${one}`, `${parameter.replaceAll('=', '')}=${other}`]
      if (/[&?#]/.test(part)) return
      const at = part.indexOf('=')
      if (parameterAlike(part, at) === parameterAlike(part2, at))
        expect(empty(`/a?${part}&x=1`), `${part} ${part2}`).toBe(empty(`/a?${part2}&x=1`))
    }),
    { numRuns: 6000, seed: 17 },
  )
})

test('a short number says the same as another, whatever the parameter is called', () => {
  const named = [DATA.parameters.include, DATA.parameters.session, DATA.commands.run].flatMap((lines) =>
    lines.flatMap((line) => line.split(' ')),
  )
  for (const parameter of [...new Set([...named, 'url', 'ip', 'host', 'next', 'ping', 'port', 'u', 'id', 'cmd'])])
    for (const value of ['7', '127', '0177', '2130'])
      expect(analyse({ target: `/a?${parameter}=${value}` }, false).isEmpty, `${parameter}=${value}`).toBe(
        analyse({ target: `/a?${parameter}=${'1'.repeat(value.length)}` }, false).isEmpty,
      )
})

test('a number of hundreds of digits is looked at, whoever asked before with another', () => {
  for (const digits of ['1234567890'.repeat(30), '7'.repeat(300)]) {
    const target = `/a?ma=a-${digits}.html`
    expect(analyse({ target }).all(), digits).toEqual(analyse({ target }, false).all())
  }
})

test('who asks first changes no answer', () => {
  const host = 'cong.example'
  const own = '/a?next=https://cong.example/b'
  expect(analyse({ target: own, host }).all()).toEqual(analyse({ target: own, host }, false).all())
  for (const [other, referrer] of [
    [undefined, undefined],
    ['x.example', undefined],
    [host, 'https://bad.example/'],
  ] as const)
    for (const target of [own, '/a?next=http://127.0.0.1/', '/a?PHPSESSID=abc12345', '/a;jsessionid=abc12345']) {
      const asked = { target, host: other, referrer }
      for (let n = 0; n < 2; n++)
        expect(analyse(asked).all(), JSON.stringify(asked)).toEqual(analyse(asked, false).all())
    }
})

test('where a request came from is looked at, whoever came from a path like it', () => {
  for (const referrer of ['/bai-1234.html', '/bai-4321.html', '/bai-4321.html;jsessionid=abc12345', "/bai-4321'or'1"])
    for (const origin of ['', 'https://a.example', 'https://b.example'])
      for (let n = 0; n < 2; n++) {
        const asked = { target: '/', host: 'a.example', referrer: origin + referrer }
        expect(analyse(asked).all(), asked.referrer).toEqual(analyse(asked, false).all())
      }
})

test('what comes again outlives what comes once', () => {
  const recent = new Recent<number>()
  recent.set('again', 1)
  for (let i = 0; i < 20_000; i++) {
    recent.set(`once ${i}`, i)
    if (i % 1000 === 0) expect(recent.get('again')).toBe(1)
  }
  expect(recent.get('once 0')).toBeUndefined()
})
