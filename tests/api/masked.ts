/** Citizens' data and secrets in addresses: who sees them, and that nobody else searches them out. On each store. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MASKED } from '../../api/masks.ts'
import type { AlertRow, Role, RuleRow } from '../../api/contract.ts'
import type { Event } from '../../ingest/event.ts'
import { attack, type Console, OURS, openConsole, type Person, refused, request } from './console.ts'

const SECRET = 'Bi-Mat-98765'
const NUMBER = '086099001234'
const CASE = 'HS-2026-777'
let console_: Console
const people = new Map<Role, Person>()
const SEE: readonly Role[] = ['administrator', 'analyst']
const MASKED_ROLES: readonly Role[] = ['agency_viewer', 'manager', 'rule_author', 'auditor']
const as = (role: Role): Person => people.get(role)!

const MASKS = `masks:
  - { name: ma ho so, pattern: "HS-[0-9]{4}-[0-9]+" }
  - { name: nguoi dung, pattern: "^.+$", in: [user.name, source.user.name] }
  - { name: nguoi dung trong dong, pattern: 'user="([^"]+)"', in: [event.original] }
`
const open = async (env: NodeJS.ProcessEnv) => {
  console_ = await openConsole(MASKS, Date.now, env)
  await console_.take(OURS.source, [
    request(OURS.host, `/dang-nhap?user=hoa&password=${SECRET}&trang=1`),
    request(OURS.host, `/tra-cuu?cccd=${NUMBER}`),
    request(OURS.host, `/ho-so/${CASE}`),
    request(OURS.host, `/ma-hoa?p%61ss%2577ord=${SECRET}`),
    request(OURS.host, '/binh-thuong?trang=2'),
    attack(OURS.host, `/kham-benh?matkhau=${SECRET}&x=1`).replace('?id=', '&id='),
  ])
  // Not UTF-8: the bytes of the whole line are kept beside it.
  const latin = Buffer.from(request(OURS.host, `/\u00e9?token=${SECRET}`), 'latin1')
  await console_.running.installation.ingest.accept(OURS.source, [latin], '127.0.0.1')
  await console_.take(OURS.firewall, [refused(OURS.firewall, 'nguoi-bi-che', {})])
  for (const role of [...SEE, ...MASKED_ROLES])
    people.set(role, await console_.person(role, role === 'agency_viewer' ? [OURS.agency] : []))
}

/** Where events, alerts and what is made of them leave. */
const paths = async (): Promise<string[]> => {
  const admin = as('administrator')
  const alert = ((await admin.get('/alerts')).body.items as AlertRow[]).find(({ rule }) => rule.id === 'sql-injection')!
  const events = (await admin.get('/events?limit=500')).body.items as Event[]
  return [
    '/events?limit=500',
    '/events?fields=url.query,url.original,event.original,url.decoded,user.name',
    ...events.map((event) => `/events/${event['event.id']}`),
    '/alerts',
    '/alerts?group=rule',
    `/alerts/${alert.id}`,
    '/incidents',
    `/incidents/${alert.incident!.id}`,
    '/kql/suggest?q=url.query:',
    '/kql/suggest?q=url.original:',
    '/kql/suggest?q=user.name:',
    '/overview',
    '/find?q=198.51.100.66',
    '/agencies',
    `/agencies/${OURS.agency}`,
    '/portals',
    '/risk',
    '/figures',
    '/letters',
    '/wall',
    '/reports',
  ]
}
const SECRETS = [SECRET, SECRET.toLowerCase(), NUMBER, CASE, CASE.toLowerCase(), 'nguoi-bi-che']

/** `env`: which store. */
export const masksHold = (env: NodeJS.ProcessEnv = {}): void => {
  beforeAll(() => open(env))
  afterAll(() => console_.close())

  describe('what leaves', () => {
    test.each(MASKED_ROLES)('%s is shown none of it, in any list, detail or suggestion', async (role) => {
      let masked = 0
      for (const path of await paths()) {
        const { status, text } = await as(role).get(path)
        expect(status, path).toBe(200)
        for (const secret of SECRETS)
          expect(text.includes(secret), `${path}: ${secret} in ${text.slice(0, 2000)}`).toBe(false)
        masked += text.split(MASKED).length - 1
        // In no other spelling.
        for (const word of text.match(/[A-Za-z0-9+/]{40,}={0,2}/g) ?? [])
          expect(Buffer.from(word, 'base64').toString('latin1'), path).not.toContain(SECRET)
      }
      expect(masked).toBeGreaterThan(10)
    })
    test.each(SEE)('%s sees it, and all is stored whole', async (role) => {
      const texts = await Promise.all((await paths()).map(async (path) => (await as(role).get(path)).text))
      const all = texts.join('')
      for (const secret of [SECRET, NUMBER, CASE, 'nguoi-bi-che']) expect(all).toContain(secret)
      expect(all).not.toContain(MASKED)
      expect(all).toContain('vonglau.original.base64')
    })
    test('what is beside it stays readable, and an address without any is as it was', async () => {
      const { items } = (await as('manager').get('/events?limit=500')).body as { items: Event[] }
      const originals = items.map((event) => event['url.original'])
      expect(originals).toContain(`/dang-nhap?user=hoa&password=${MASKED}&trang=1`)
      expect(originals).toContain('/binh-thuong?trang=2')
      expect(originals).toContain(`/ho-so/${MASKED}`)
    })
    test('why a rule fired marks nothing where the value is not shown as it was', async () => {
      const alert = ((await as('administrator').get('/alerts')).body.items as AlertRow[]).find(
        ({ rule }) => rule.id === 'sql-injection',
      )!
      const { why } = (await as('manager').get(`/alerts/${alert.id}`)).body as {
        why: { value: string; marks: unknown[] }[]
      }
      expect(why.length).toBeGreaterThan(0)
      for (const { value, marks } of why) if (value.includes(MASKED)) expect(marks).toEqual([])
    })
    test('the live stream', async () => {
      const read = async (role: Role): Promise<string> => {
        const stop = new AbortController()
        const answer = await fetch(`${console_.running.url}/api/live?alerts=0&incidents=0`, {
          headers: { cookie: as(role).cookie },
          signal: stop.signal,
        })
        let text = ''
        for await (const chunk of answer.body!.pipeThrough(
          new TextDecoderStream(),
        ) as unknown as AsyncIterable<string>) {
          text += chunk
          if (text.includes('"kind":"alerts"')) break
        }
        stop.abort()
        return text
      }
      expect(await read('analyst')).toContain(SECRET)
      const shown = await read('manager')
      expect(shown).toContain(MASKED)
      expect(shown).not.toContain(SECRET)
    })
    test('rules and settings keep their own words', async () => {
      // Not how far each has come: that moves on between two questions.
      const words = async (role: Role) =>
        ((await as(role).get('/rules')).body.items as RuleRow[]).map(({ covered, behind, last_run, ...said }) => said)
      expect(await words('rule_author')).toEqual(await words('administrator'))
    })
  })

  describe('what can be searched out', () => {
    const total = async (role: Role, q: string, list = '/events') =>
      (await as(role).get(`${list}?q=${encodeURIComponent(q)}`)).body.total as number
    test.each([
      `url.query : "password=${SECRET}"`,
      'url.query : *password=B*',
      'url.query : *Bi-M*',
      'url.original : *password=Bi*',
      'url.decoded : *bi-mat*',
      'event.original : *Bi-Mat*',
      'Bi-Mat',
      `"${NUMBER}"`,
      'url.query : *cccd=086*',
      'url.path : *HS-2026-7*',
      'url.original : *2577ord=Bi*',
      'event.original : *2577ord=Bi*',
      'user.name : nguoi-bi*',
      'user.name : "nguoi-bi-che"',
      'vonglau.original.base64 : *',
      'not not url.query : *Bi-M*',
    ])('%s', async (q) => {
      if (q !== 'vonglau.original.base64 : *') expect(await total('analyst', q)).toBeGreaterThan(0)
      for (const role of MASKED_ROLES) expect(await total(role, q), role).toBe(0)
    })
    test('a negation tells as little: with a right and with a wrong guess it is the same', async () => {
      for (const role of MASKED_ROLES)
        expect(await total(role, 'not url.query : *Bi-M*')).toBe(await total(role, 'not url.query : *Xx-M*'))
      expect(await total('analyst', 'not url.query : *Bi-M*')).not.toBe(
        await total('analyst', 'not url.query : *Xx-M*'),
      )
    })
    test.each(['url.query : *trang=2*', 'binh-thuong', `portal.domain : "${OURS.host}"`, 'url.path : "/tra-cuu"'])(
      'the rest is found as before: %s',
      async (q) => {
        for (const role of MASKED_ROLES) expect(await total(role, q), role).toBe(await total('analyst', q))
        expect(await total('analyst', q)).toBeGreaterThan(0)
      },
    )
    test('of alerts and incidents, by free text too', async () => {
      expect(await total('analyst', 'Bi-Mat', '/alerts')).toBe(1)
      for (const role of MASKED_ROLES) {
        expect(await total(role, 'Bi-Mat', '/alerts')).toBe(0)
        expect(await total(role, `url.original : *${SECRET}*`, '/alerts')).toBe(0)
        expect(await total(role, 'SQL', '/alerts')).toBe(1)
        expect(await total(role, OURS.host, '/alerts')).toBe(1)
        expect(await total(role, '198.51.100.66', '/alerts')).toBe(1)
      }
    })
    test('by a suggestion that begins like it', async () => {
      for (const begins of ['user.name:ng', 'url.query:"user=hoa&password=Bi'])
        for (const role of MASKED_ROLES)
          expect((await as(role).get(`/kql/suggest?q=${encodeURIComponent(begins)}`)).body.items).toEqual([])
      expect((await as('analyst').get('/kql/suggest?q=user.name:ng')).body.items).toHaveLength(1)
    })
  })
}
