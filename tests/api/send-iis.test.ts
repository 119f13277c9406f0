/**
 * The script of the sources page that sends the logs of IIS. Where PowerShell 7 is installed (`pwsh`) it is run; everywhere
 * its steps are walked in TypeScript, with the constants and the addresses that stand in the script.
 */
import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readConfig } from '../../api/config.ts'
import { setupOf } from '../../api/routes/sources.ts'
import { eventsOf, openPlace, type Place, type Server } from '../faults/place.ts'

const SCRIPT = fileURLToPath(new URL('../../ingest/parsers/devices/send-iis.ps1', import.meta.url))
const text = readFileSync(SCRIPT, 'utf8')
const TOKEN = 'a-token-of-the-tests'
const pwsh = spawnSync('pwsh', ['-NoProfile', '-Command', 'exit 0']).status === 0

type Send = (url: string, logs: string, marks: string, chunk: number) => Promise<number>

const byPwsh: Send = async (url, logs, marks, chunk) => {
  const args = ['-NoProfile', '-File', SCRIPT, '-Url', url, '-Token', TOKEN, '-Logs', logs, '-Marks', marks, '-Chunk']
  const { status, stderr } = spawnSync('pwsh', [...args, String(chunk)], { encoding: 'utf8' })
  if (status !== 0) console.log(stderr)
  return status ?? 1
}

/** What the script does, step by step: marks in memory, for how they are kept is PowerShell's matter. */
const walked = (): Send => {
  const known = new Map<string, { position: number; head: string }>()
  const constant = (pattern: RegExp): string => {
    const found = pattern.exec(text)
    if (!found) throw new Error(`the script has no ${pattern}`)
    return found[1]!
  }
  const folders = constant(/\$_\.Name -like '(W3SVC)\*'/)
  const filter = constant(/-Filter '\*(\.log)'/)
  const ask = constant(/GetAsync\("\$\{Url\}\?(stream=)\$name"\)/)
  expect(text).toMatch(/PostAsync\("\$\{Url\}\?stream=\$name&offset=\$offset&head=\$\(\$head\.Length\)", \$content\)/)
  const pattern = new RegExp(constant(/Matches\(\$before \+ \$text, '\(\?m\)(.*?)'\)/), 'gm')
  const headOf = (part: string, before: string): string => {
    let [date, fields] = ['', '']
    for (const [line, name] of (before + part).matchAll(pattern))
      name === 'Date' ? (date = `${line}\n`) : (fields = `${line}\n`)
    return date + fields
  }
  const headers = { Authorization: `Bearer ${TOKEN}` }
  const answered = async (response: Response): Promise<{ position: number | null }> => {
    const body = (await response.json()) as { position: number | null; error?: { code: string; message: string } }
    if (response.status === 200 || (response.status === 409 && body.error!.code !== 'begun_anew')) return body
    throw new Error(`${response.status}: ${body.error?.message}`)
  }
  const file = async (url: string, path: string, stream: string, chunk: number): Promise<void> => {
    const name = encodeURIComponent(stream)
    const mark = known.get(stream)
    let position = (await answered(await fetch(`${url}?${ask}${name}`, { headers }))).position ?? mark?.position ?? 0
    const bytes = readFileSync(path)
    if (position >= bytes.length) return
    let head = mark?.position === position ? mark.head : ''
    if (mark?.position !== position)
      head = headOf(bytes.toString('latin1', 0, bytes.lastIndexOf(10, position - 1) + 1), '')
    while (position < bytes.length) {
      const part = bytes.subarray(position, position + chunk)
      let end = part.lastIndexOf(10) + 1
      if (end === 0 && part.length === chunk) end = part.length
      if (end === 0) return
      const body = Buffer.concat([Buffer.from(head, 'latin1'), part.subarray(0, end)])
      const next = (
        await answered(
          await fetch(`${url}?stream=${name}&offset=${position}&head=${head.length}`, {
            method: 'POST',
            headers,
            body,
          }),
        )
      ).position!
      expect(next).not.toBe(position)
      if (next !== position + end) return void known.delete(stream)
      head = headOf(part.toString('latin1', 0, end), head)
      position = next
      known.set(stream, { position, head })
    }
  }
  return async (url, logs, marks, chunk) => {
    if (!existsSync(marks)) known.clear()
    mkdirSync(marks, { recursive: true })
    let failed = 0
    for (const site of readdirSync(logs)
      .filter((each) => each.startsWith(folders))
      .sort())
      for (const each of readdirSync(join(logs, site))
        .filter((one) => one.endsWith(filter))
        .sort())
        try {
          await file(url, join(logs, site, each), `${site}/${each}`, chunk)
        } catch {
          failed++
          break
        }
    return failed
  }
}

test('the script is one that Windows PowerShell 5.1 reads: ASCII, and nothing that came later', () => {
  expect(/[^\x09\x0a\x20-\x7e]/.exec(text)).toBeNull()
  // Ternaries, null-coalescing, pipeline chains and `-AsHashtable` came with PowerShell 6 and 7.
  expect(text).not.toMatch(/ \?\? |\?\.|&& |\|\| |-AsHashtable|-SkipHttpErrorCheck/)
  expect(text).toContain('[byte[]] $bytes')
  expect(Number(/\$Chunk = (\d+)/.exec(text)![1])).toBeLessThan(32 * 1024 * 1024)
})

test('the sources page shows it with the address of this server', () => {
  const config = { ...readConfig(undefined, {}), listen: '10.1.2.3:8420' }
  const { text: shown } = setupOf(config, {}).snippets.find(({ parser }) => parser === 'iis_access')!
  expect(shown).toContain("[string] $Url = 'http://10.1.2.3:8420/ingest/iis-01'")
  expect(shown).toContain('function Send-File')
})

const DATE =
  '#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2026-11-25 00:00:00\r\n'
const FIELDS =
  '#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs-host sc-status time-taken\r\n'
/** The same columns, two of them in each other's place. */
const OTHER = FIELDS.replace('cs(User-Agent) cs-host', 'cs-host cs(User-Agent)')

describe.each([
  ['walked', walked, true],
  ['run by pwsh', () => byPwsh, pwsh],
] as const)('%s', (_, sender, possible) => {
  let place: Place
  let server: Server
  beforeEach(() => {
    place = openPlace()
    place.write(
      'vonglau.yml',
      `data: data\nlisten: 127.0.0.1:0\nsources:\n  - { id: iis-01, parser: iis_access, http: { token: ${TOKEN} } }\n`,
    )
  })
  afterEach(() => place.remove())

  test.skipIf(!possible)(
    `every site, over midnight, with lost marks, a stopped server and columns that change: each line once${possible ? '' : ' (skipped: pwsh, PowerShell 7, is not installed)'}`,
    async () => {
      const send = sender()
      const wanted: string[] = []
      const rows = (site: string, from: number, count: number, swapped = false): string =>
        Array.from({ length: count }, (_x, i) => {
          const n = from + i
          wanted.push(`/${site}/dong-${n} agent-${site}-${n} ${site.toLowerCase()}.example`)
          const [agent, host] = [`agent-${site}-${n}`, `${site.toLowerCase()}.example`]
          return `2026-11-25 23:${String(Math.floor(n / 60) % 60).padStart(2, '0')}:${String(n % 60).padStart(2, '0')} 10.0.10.21 GET /${site}/dong-${n} - 443 - 198.51.100.${n % 250} ${swapped ? `${host} ${agent}` : `${agent} ${host}`} 200 ${n}\r\n`
        }).join('')
      const log = (name: string, content: string) => {
        mkdirSync(join(place.path('LogFiles'), name, '..'), { recursive: true })
        appendFileSync(join(place.path('LogFiles'), name), content)
      }
      const marks = place.path('marks/marks.json')
      const go = () => send(`${server.url}/ingest/iis-01`, place.path('LogFiles'), marks, 2000)
      server = await place.start()
      log('W3SVC1/u_ex261125.log', DATE + FIELDS + rows('A', 0, 40))
      log('W3SVC2/u_ex261125.log', DATE + OTHER + rows('B', 0, 40, true))
      log('HTTPERR/httperr1.log', 'no site\r\n')
      expect(await go()).toBe(0)
      expect(await go()).toBe(0)
      // Columns change in the middle, and a line is only half there.
      const tail = rows('A', 60, 1)
      log('W3SVC1/u_ex261125.log', rows('A', 40, 5) + OTHER + rows('A', 45, 15, true) + FIELDS + tail.slice(0, 30))
      expect(await go()).toBe(0)
      // Midnight: the new file is there, and the old one has its last lines.
      log('W3SVC1/u_ex261126.log', DATE + FIELDS + rows('A', 100, 10))
      log('W3SVC1/u_ex261125.log', tail.slice(30) + rows('A', 61, 20))
      // What was remembered here is gone; the server knows.
      rmSync(place.path('marks'), { recursive: true, force: true })
      expect(await go()).toBe(0)
      await server.stop()
      log('W3SVC2/u_ex261125.log', rows('B', 40, 30, true))
      expect(await go()).toBeGreaterThan(0)
      server = await place.start()
      expect(await go()).toBe(0)
      await server.stop()
      const installation = await place.open()
      await installation.ingest.start()
      await installation.ingest.drain()
      const events = await eventsOf(installation.store.events)
      await installation.close()
      const found = events.map(
        (event) =>
          `${event['url.path']} ${event['user_agent.original']} ${event['url.domain'] ?? event['error.message']}`,
      )
      expect(found.sort()).toEqual(wanted.sort())
    },
  )
})
