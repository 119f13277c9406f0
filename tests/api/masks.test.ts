/** Masks on the embedded store, and the patterns themselves. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../api/config.ts'
import { isField } from '../../api/fields.ts'
import { MASKED, sightsOf } from '../../api/masks.ts'
import { ANY } from '../../ingest/store/filter.ts'
import { compile } from '../../ingest/store/match.ts'
import { masksHold } from './masked.ts'

masksHold()

const namesIn = (value: unknown, at = ''): string[] =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value).flatMap(([name, each]) => namesIn(each, at ? `${at}.${name}` : name))
    : [at]

describe('the patterns that come with the program', () => {
  const sight = sightsOf([])('manager')
  test.each([
    ['/a?password=x1&b=2', `/a?password=${MASKED}&b=2`],
    ['/a?b=2&new_passwd=x1', `/a?b=2&new_passwd=${MASKED}`],
    ['/a?txtMatKhau=x1', `/a?txtMatKhau=${MASKED}`],
    ['/a?mat_khau=x1;b=2', `/a?mat_khau=${MASKED};b=2`],
    ['/a?PWD=x1', `/a?PWD=${MASKED}`],
    ['access_token=x1&token=x2', `access_token=${MASKED}&token=${MASKED}`],
    ['/a?api_key=x1&apikey=x2', `/a?api_key=${MASKED}&apikey=${MASKED}`],
    ['/a;jsessionid=x1?b=2', `/a;jsessionid=${MASKED}`, 'url.decoded'],
    ['/a;jsessionid=X1A2', `/a;jsessionid=${MASKED}`],
    ['/a?PHPSESSID=x1&sid=x2&side=left', `/a?PHPSESSID=${MASKED}&sid=${MASKED}&side=left`],
    ['/tra-cuu?cccd=086099001234', `/tra-cuu?cccd=${MASKED}`],
    ['/tra-cuu?so_cccd=086099001234&cmnd=331234567', `/tra-cuu?so_cccd=${MASKED}&cmnd=${MASKED}`],
    ['/tra-cuu?user[so-dinh-danh]=086099001234', `/tra-cuu?user[so-dinh-danh]=${MASKED}`],
    ['/a?next=%2Fb%3Ftoken%3Dx1%26c%3D2', `/a?next=%2Fb%3Ftoken%3D${MASKED}`],
    ['{"user":"hoa","password":"x1"}', `{"user":"hoa","password":"${MASKED}"}`],
    ['/a?pass%77ord=x1&b=2', `/a?pass%77ord=${MASKED}&b=2`],
    ['/a?%70%41ssword=x1&b=2', `/a?%70%41ssword=${MASKED}&b=2`],
    ['/a?p%2561ssword=x1&b=2', `/a?p%2561ssword=${MASKED}&b=2`],
    ['/a?p%u0061ssword=x1&b=2', `/a?p%u0061ssword=${MASKED}&b=2`],
    ['/a?so%5Fcccd=086099001234&%6Dk=x1', `/a?so%5Fcccd=${MASKED}&%6Dk=${MASKED}`],
    ['/a?user%5Bpassword%5D=x1&b=2', `/a?user%5Bpassword%5D=${MASKED}&b=2`],
    ['/a?next=%252Fb%253Fto%256ben%253Dx1', `/a?next=%252Fb%253Fto%256ben%253D${MASKED}`],
    ['/a?token%3Dx1%26c=2&token=x2', `/a?token%3D${MASKED}&token=${MASKED}`],
    ['/a?p%61ge=2&%73ort=name', undefined],
    ['/a?password=x&1 y', `/a?password=${MASKED}`, 'url.decoded'],
    ['date=2026-11-26 sessionid=123 policyid=4 action="deny"', undefined],
    ['/a?page=2&sort=name', undefined],
    ['/quen-mat-khau', undefined],
    ["/a?id=1' UNION SELECT user,password FROM users-- -", undefined],
  ] as [string, string | undefined, string?][])('%s', (text, expected, field = 'url.original') =>
    expect(sight.text(field, text)).toBe(expected ?? text),
  )
  test('what is computed of a masked field is masked as it is, shown and searched for', () => {
    const own = sightsOf([{ name: 'người dùng', pattern: '^.+$', in: ['user.name'] }])('manager')
    expect(own.shown('/api/events/1', { 'related.user': ['hoa'], 'related.hosts': ['a.example'] })).toEqual({
      'related.user': [MASKED],
      'related.hosts': ['a.example'],
    })
    const asks = compile(own.narrowed({ op: 'like', field: 'related.user', pattern: ['h', ANY] }))
    expect(asks({ 'user.name': 'hoa' })).toBe(false)
  })
  test.each([
    ['source.address', 'url.query'],
    ['url.query', 'source.address'],
  ])('%s compared with %s says nothing of what is masked in either', (field, other) => {
    const asks = compile(sight.narrowed({ op: 'ref', field, other, how: 'equals' }))
    expect(asks({ 'url.query': 'a=1', 'source.address': 'a=1' })).toBe(true)
    expect(asks({ 'url.query': 'token=x1', 'source.address': 'token=x1' })).toBe(false)
  })
  test('do not go back and forth in what was made to be slow', () => {
    // Quadratic, this would take hours.
    const text = `/a?${'password'.repeat(20_000)}${'%3ftoken'.repeat(20_000)}`
    expect(sight.text('url.original', text)).toBe(text)
  })
  test('every field that a parser writes can be named, and no other', () => {
    const folder = fileURLToPath(new URL('../ingest/parsers', import.meta.url))
    const names = new Set(
      globSync('*/*.expected.json', { cwd: folder })
        // What comes in ECS has whatever names its sender gave it.
        .filter((file) => !file.startsWith('json_ecs'))
        .flatMap((file) =>
          (JSON.parse(readFileSync(join(folder, file), 'utf8')) as object[]).flatMap((event) => namesIn(event)),
        ),
    )
    names.delete('error') // of a line that is not understood
    expect(names.size).toBeGreaterThan(50)
    expect([...names].filter((name) => !isField(name))).toEqual([])
    expect(['user.nam', 'url', 'constructor', '', 'fortinet.firewall.'].filter(isField)).toEqual([])
  })
  test('one that is none of RE2’s is refused where it stands', () => {
    expect(() => readConfig(undefined, { VONGLAU_MASKS: JSON.stringify([{ name: 'x', pattern: '(?<=a)b' }]) })).toThrow(
      /VONGLAU_MASKS.*expected a regular expression of RE2: look-around is not possible/,
    )
  })
})
