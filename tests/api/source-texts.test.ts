/** A source is changed in the console while it is read; who may not change it learns nothing of its text. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createControl } from '../../api/control.ts'
import { embeddedPlace } from '../rules/stores.ts'
import { type Console, openConsole, OURS, request } from './console.ts'
import { sourceTextsSuite } from './source-texts.suite.ts'

sourceTextsSuite('embedded', embeddedPlace)

let console_: Console
beforeAll(async () => {
  console_ = await openConsole()
}, 120_000)
afterAll(() => console_.close())
const SECRET = `token-cua-${OURS.source}`

test('a source is changed while it is read: the next line is sent with the new token, and the old one is refused', async () => {
  const admin = await console_.person('administrator')
  const send = async (token: string) =>
    (
      await fetch(`${console_.running.url}/ingest/${OURS.source}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
        body: `${request(OURS.host, '/mot')}\n`,
      })
    ).status
  expect(await send(SECRET)).toBeLessThan(300)
  const { n, text, versions } = (await admin.get(`/sources/${OURS.source}/versions`)).body
  expect([n, versions.length]).toEqual([1, 1])
  expect(text).not.toContain(SECRET)

  const change = (yaml: string, seen: number, who = admin) =>
    who.post(`/sources/${OURS.source}/text`, { yaml, reason: 'đổi token theo công văn 214', seen })
  const wrong = await change(text.replace(OURS.agency, 'co-quan-khong-co'), 1)
  expect([wrong.status, wrong.body.error.message]).toEqual([
    422,
    expect.stringMatching(/organization "co-quan-khong-co" is not in the inventory/),
  ])
  // The hash is no token: who has read it sends nothing.
  const shown = /sha256:\w+/.exec(text)![0]
  expect(await send(shown)).toBe(401)
  expect((await change(text.replace(shown, 'token-moi-cua-nguon'), 1)).body).toMatchObject({ n: 2 })
  expect([await send(SECRET), (await send('token-moi-cua-nguon')) < 300]).toEqual([401, true])
  expect((await change(text, 1)).status).toBe(409)
  const { lines } = (await admin.get(`/sources/${OURS.source}/difference`)).body
  expect(lines.filter(({ op }: { op: string }) => op !== '=').map(({ text }: { text: string }) => text.trim())).toEqual(
    [expect.stringMatching(/^token: sha256:/), expect.stringMatching(/^token: sha256:/)],
  )
  const said = await admin.get('/audit')
  expect(said.text).toContain('source.change')
  expect(said.text).not.toContain('token-moi-cua-nguon')
})

test('ended by a person it is read no longer, and is listed to who may take it up again', async () => {
  const admin = await console_.person('administrator')
  const id = OURS.firewall
  const ids = async () => (await admin.get('/sources')).body.items.map(({ id }: { id: string }) => id)
  expect(await ids()).toContain(id)
  const { n, text } = (await admin.get(`/sources/${id}/versions`)).body
  expect((await admin.post(`/sources/${id}/text`, { end: true, reason: 'thiết bị đã tháo', seen: n })).status).toBe(200)
  expect(await ids()).not.toContain(id)
  expect((await admin.get('/sources')).body.texts).toEqual({ waiting: [], ended: [id] })
  expect((await admin.post(`/sources/${id}/text`, { yaml: text, reason: 'lắp lại', seen: n + 1 })).status).toBe(200)
  expect(await ids()).toContain(id)
})

test('who may not change sources sees no text of one, whatever the role; nor does the command line say a token', async () => {
  const paths = [`/sources/${OURS.source}/versions`, `/sources/${OURS.source}/difference`]
  for (const role of ['analyst', 'rule_author', 'manager', 'auditor', 'agency_viewer'] as const) {
    const person = await console_.person(role, role === 'agency_viewer' ? [OURS.agency] : [])
    for (const path of paths) expect((await person.get(path)).status, `${role} ${path}`).toBe(403)
    expect((await person.get('/sources')).body.texts, role).toBeUndefined()
  }
  const ours = await console_.person('administrator', [OURS.agency])
  for (const path of paths) expect((await ours.get(path)).status).toBe(403)
  const out: string[] = []
  const control = createControl(console_.running.installation, async () => console_.running.auth!)
  for (const more of [{}, { from: '1' }])
    for await (const line of control(JSON.stringify({ ask: 'source.history', source: OURS.source, ...more })))
      out.push(line)
  expect(out.join('\n')).toContain('đổi token theo công văn 214')
  expect(out.join('\n')).not.toMatch(/token-(cua|moi)/)
})
