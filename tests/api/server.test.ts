/** What the server says to those who are not people: probes, Prometheus, browsers of other sites. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { attack, type Console, OURS, openConsole } from './console.ts'

let console_: Console
beforeAll(async () => {
  console_ = await openConsole()
  await console_.take(OURS.source, [attack(OURS.host, '/a'), 'không phải nhật ký'])
})
afterAll(() => console_.close())
const get = (path: string, headers: Record<string, string> = {}) => fetch(`${console_.running.url}${path}`, { headers })

test('/healthz', async () => {
  const answer = await get('/healthz')
  expect({ status: answer.status, body: await answer.json() }).toEqual({
    status: 200,
    body: { status: 'ok', committed: expect.any(Number) },
  })
})

test('/metrics is what Prometheus reads', async () => {
  const answer = await get('/metrics')
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const values = new Map<string, number>()
  const helped = new Set<string>()
  for (const row of (await answer.text()).split('\n').filter(Boolean)) {
    const comment = /^# (HELP|TYPE) (vonglau_\w+) \S/.exec(row)
    const sample = /^(vonglau_\w+)((?:\{(?:\w+="(?:[^"\\\n]|\\.)*",?)*\})?) (-?[\d.]+(?:e[+-]?\d+)?|NaN|[+-]Inf)$/.exec(
      row,
    )
    expect(Boolean(comment ?? sample), row).toBe(true)
    if (comment) helped.add(comment[2]!)
    if (sample) {
      expect(helped.has(sample[1]!), row).toBe(true)
      values.set(sample[1]! + sample[2]!, Number(sample[3]))
    }
  }
  expect(values.get(`vonglau_source_lines_total{source="${OURS.source}"}`)).toBe(2)
  expect(values.get(`vonglau_source_unparsed_total{source="${OURS.source}"}`)).toBe(1)
  expect(values.get('vonglau_alerts{status="new"}')).toBe(1)
  expect(values.get('vonglau_rule_failed{rule="sql-injection"}')).toBe(0)
  expect(values.get('vonglau_store_damaged_days')).toBe(0)
})

test('the console begins in the language of the configuration', async () => {
  const english = await openConsole('language: en\n')
  const lang = async (url: string) => /<html lang="(\w+)">/.exec(await (await fetch(url)).text())?.[1]
  for (const path of ['/', '/alerts']) {
    expect(await lang(`${console_.running.url}${path}`)).toBe('vi')
    expect(await lang(`${english.running.url}${path}`)).toBe('en')
  }
  await english.close()
})

test.each(['/', '/alerts', '/healthz', '/api/me', '/api/khong-co'])(
  '%s carries the headers that protect',
  async (path) => {
    const { headers } = await get(path)
    const policy = headers.get('content-security-policy')!
    for (const part of [
      "default-src 'self'",
      "script-src 'self'",
      "object-src 'none'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "form-action 'self'",
    ])
      expect(policy).toContain(part)
    expect(policy).not.toMatch(/script-src[^;]*unsafe/)
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('same-origin')
    expect(headers.get('x-powered-by')).toBeNull()
  },
)

test('the console’s pages are all one page, and an address of the API that is not there is told', async () => {
  for (const path of ['/', '/incidents/7', '/alerts?alert=x'])
    expect(await (await get(path)).text()).toMatch(/^<!doctype html>/i)
  const person = await console_.person('manager')
  expect(await person.get('/khong-co')).toMatchObject({
    status: 404,
    body: { error: { code: 'not_found', message: 'There is no such address.' } },
  })
  expect((await person.get('/khong-co', { 'accept-language': 'vi-VN,vi' })).body.error.message).toBe(
    'Không có địa chỉ này.',
  )
})

test('another site cannot make a signed-in browser change anything', async () => {
  const person = await console_.person('administrator')
  const body = { name: 'ke-la', display_name: 'x', role: 'administrator' }
  for (const site of ['cross-site', 'same-site']) {
    expect(
      await person.post('/users', body, { 'sec-fetch-site': site, origin: 'https://ke-xau.example' }),
    ).toMatchObject({ status: 403, body: { error: { code: 'origin' } } })
  }
  const signOut = await person.post(
    '/auth/sign-out',
    {},
    { 'sec-fetch-site': 'cross-site', origin: 'https://ke-xau.example' },
  )
  expect(signOut.status).toBe(403)
  expect((await person.get('/me')).status).toBe(200)
  expect((await person.get('/users')).body.items.some(({ name }: { name: string }) => name === 'ke-la')).toBe(false)
  expect(
    (await person.post('/users', { ...body, name: 'nguoi-nha' }, { 'sec-fetch-site': 'same-origin' })).status,
  ).toBe(200)
  expect((await person.get('/me')).headers.get('cache-control')).toBe('no-store')
})

test('a body that is too large, or no JSON, is refused', async () => {
  const person = await console_.person('administrator')
  expect((await person.post('/users', { name: 'x'.repeat(2 << 20), display_name: 'x', role: 'analyst' })).status).toBe(
    413,
  )
  const { status } = await fetch(`${console_.running.url}/api/users`, {
    method: 'POST',
    body: '{',
    headers: { cookie: person.cookie, 'content-type': 'application/json' },
  })
  expect(status).toBe(400)
})
