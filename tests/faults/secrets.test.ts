/** What is kept from others on the machine: files and their modes, links that lead elsewhere, what a terminal is shown. */
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { printable, printableCell } from '../../api/commands/printable.ts'
import { keepPrivate } from '../../api/private.ts'
import { openFinder } from '../../ingest/collect/file.ts'
import { folderOf } from '../../ingest/collect/links.ts'
import { openText } from '../../ingest/collect/text.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import { journalOf } from '../../rules/case/journal.ts'
import { line, lines, openPlace, originals, type Place, refusal, until } from './place.ts'

let place: Place
beforeEach(() => {
  place = openPlace()
})
afterEach(() => place.remove())

/** Every file and folder below, with its mode. */
const modes = (folder: string): [string, string][] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name): [string, string] => [name, (lstatSync(join(folder, name)).mode & 0o777).toString(8)])
    .toSorted()
const wide = (folder: string) => modes(folder).filter(([, mode]) => !mode.endsWith('00'))

describe('the data folder is its user’s alone', () => {
  test('under a shell that shares everything, whatever a server and a command write', async () => {
    place.write(
      'vonglau.yml',
      'listen: 127.0.0.1:0\nsources:\n  - { id: cong, parser: nginx_access, http: { token: mot-ma-rat-dai-cua-toi } }\n',
    )
    const before = process.umask(0)
    let server: Awaited<ReturnType<Place['start']>>
    try {
      server = await place.start()
    } finally {
      process.umask(before)
    }
    const sent = await fetch(`${server.url}/ingest/cong`, {
      method: 'POST',
      headers: { authorization: 'Bearer mot-ma-rat-dai-cua-toi' },
      body: `${lines(5).join('\n')}\n`,
    })
    expect(sent.status).toBe(200)
    await until(
      'they are stored',
      async () => (await place.run(['query', 'url.path : "/dong-4"', '--count'])).out === '1\n',
    )
    expect(modes(place.path('.vonglau')).map(([name]) => name)).toEqual(
      expect.arrayContaining(['documents.sqlite', 'events', 'spool', 'control.sock']),
    )
    expect(wide(place.path('.vonglau'))).toEqual([])
    await server.stop()
    expect(wide(place.path('.vonglau'))).toEqual([])
  })
  test('what an older version made wider is tightened at the start', async () => {
    place.write('vonglau.yml', 'listen: 127.0.0.1:0\n')
    const first = await place.open()
    await first.close()
    const data = place.path('.vonglau')
    place.write('.vonglau/spool/cong/cu', 'x')
    for (const [name] of modes(data))
      chmodSync(join(data, name), lstatSync(join(data, name)).isDirectory() ? 0o755 : 0o644)
    chmodSync(data, 0o755)
    expect(wide(data).length).toBeGreaterThan(4)
    await (await place.open()).close()
    expect(wide(data)).toEqual([])
    expect((lstatSync(data).mode & 0o777).toString(8)).toBe('700')
  })
  test('what cannot be tightened is refused in a sentence', () => {
    // A file system whose modes are not ours to change: root may do all else.
    const found = ['/proc/self/task', '/sys/kernel'].find((folder) => {
      try {
        chmodSync(folder, 0o700)
        return false
      } catch {
        return true
      }
    })
    expect(found).toBeDefined()
    expect(() => keepPrivate(found!)).toThrow(
      /^\/\S+ can be read by other users of this machine \(mode \d+\) and could not be closed to them \(E[A-Z]+\): give it to the user that Vọng Lâu runs as, and "chmod 700" it$/,
    )
  })
  test('doctor says where everybody can read the tokens of the configuration', async () => {
    const file = place.write(
      'vonglau.yml',
      'sources:\n  - { id: cong, parser: nginx_access, http: { token: mot-ma-rat-dai-cua-toi } }\n',
    )
    chmodSync(file, 0o644)
    const sentence = `every user of this machine can read vonglau.yml, which holds secrets: chmod 600 it`
    expect((await place.run(['doctor'])).out).toContain(sentence)
    chmodSync(file, 0o600)
    expect((await place.run(['doctor'])).out).not.toContain(sentence)
  })
  test('a link in it is not followed: what it leads to keeps its mode', async () => {
    const outside = place.write('ngoai.txt', 'x')
    chmodSync(outside, 0o644)
    mkdirSync(place.path('.vonglau'), { recursive: true })
    symlinkSync(outside, place.path('.vonglau/lien-ket'))
    keepPrivate(place.path('.vonglau'))
    expect((lstatSync(outside).mode & 0o777).toString(8)).toBe('644')
  })
})

describe('a link that leads out of its source’s folder', () => {
  const configure = (more = '') =>
    place.write(
      'vonglau.yml',
      `listen: 127.0.0.1:0\n${more}sources:\n  - { id: cong, parser: nginx_access, file: { path: "logs/*.log" } }\n`,
    )
  const secret = () => place.write('bi-mat/khac.log', `${line('bi-mat')}\n`)
  const read = async () => {
    const installation = await place.open()
    await installation.ingest.start()
    await until('the good file is read', async () => (await originals(installation.store.events)).has(line(1)))
    const status = (await installation.status()).find(({ id }) => id === 'cong')!
    const found = await originals(installation.store.events)
    await installation.close()
    return { status, found }
  }
  test('is refused by name, on the sources page and by doctor; the others are read', async () => {
    configure()
    place.write('logs/tot.log', `${lines(2).join('\n')}\n`)
    symlinkSync(secret(), place.path('logs/xau.log'))
    const sentence = new RegExp(
      `${place.path('logs/xau.log')} is not read: it leads to ${place.path('bi-mat/khac.log')}, out of ${place.path('logs')}; where that is meant, write "files: \\[${place.path('bi-mat')}\\]" in the configuration`,
    )
    const { status, found } = await read()
    expect(found.get(line('bi-mat'))).toBeUndefined()
    expect(status.problem).toMatch(sentence)
    const { code, out } = await place.run(['doctor'])
    expect(code).toBe(1)
    expect(out).toMatch(sentence)
  })
  test.each(['bi-mat', '.'])('is read where files: names %s', async (folder) => {
    configure(`files: ["${folder}"]\n`)
    place.write('logs/tot.log', `${lines(2).join('\n')}\n`)
    symlinkSync(secret(), place.path('logs/xau.log'))
    const { status, found } = await read()
    expect(found.get(line('bi-mat'))).toBe(1)
    expect(status.problem).toBeUndefined()
  })
  test('a folder whose name only begins alike is another', async () => {
    configure('files: ["bi"]\n')
    mkdirSync(place.path('bi'))
    place.write('logs/tot.log', `${lines(2).join('\n')}\n`)
    symlinkSync(secret(), place.path('logs/xau.log'))
    expect((await read()).found.get(line('bi-mat'))).toBeUndefined()
  })
  test('links inside the folder, and a folder that is itself one, are as they were', async () => {
    configure()
    place.write('o-dia/logs/that/mot.txt', `${lines(2).join('\n')}\n`)
    symlinkSync(place.path('o-dia/logs'), place.path('logs'))
    symlinkSync('that/mot.txt', place.path('logs/mot.log'))
    const { status, found } = await read()
    expect(found.get(line(1))).toBe(1)
    expect(status.problem).toBeUndefined()
  })
  test('a file that is read and then becomes a link is not followed', async () => {
    const finder = openFinder(place.path('logs/*.log'), { whole: false, start: 'beginning' })
    place.write('logs/a.log', `${line(1)}\n`)
    const look = () =>
      finder.look(
        () => [],
        () => undefined,
      )
    const [first] = await look()
    await first!.feed.next()
    renameSync(place.path('logs/a.log'), place.path('logs/a.log.1'))
    symlinkSync(secret(), place.path('logs/a.log'))
    expect(await look()).toEqual([])
    expect([...finder.problems.values()]).toEqual([expect.stringMatching(/a\.log is not read: it leads to /)])
    await first!.feed.close()
  })
  test('a gzip that is swapped while it is read is read as it was opened', async () => {
    const path = place.write('logs/a.log.gz', gzipSync('một\n'))
    const file = await openText(path)
    expect((await file.read(0, 100)).toString()).toBe('một\n')
    renameSync(path, place.path('logs/b.log.gz'))
    symlinkSync(place.write('bi-mat/khac.gz', gzipSync('bí mật\n')), path)
    // From the beginning again: gzip goes forwards only.
    expect((await file.read(4, 100)).toString()).toBe('t\n')
    expect((await file.read(0, 100)).toString()).toBe('một\n')
    await file.close()
  })
  test.each([
    ['/var/log/nginx/*.log', '/var/log/nginx'],
    ['/var/log/*/access.log', '/var/log'],
    ['/var/log/{a,b}/x/*.log', '/var/log'],
    ['/var/log/access.log', '/var/log'],
  ])('the folder of %s', (pattern, folder) => expect(folderOf(pattern)).toBe(folder))
})

describe('a terminal is shown what there is', () => {
  const SIGNS = ['\u001b', '\u007f', '\u009b', '\u0085', '\u202e', '\u2066', '\u200f', '\u061c', '\u2028']
  test.each(SIGNS)('%j is written out', (sign) => {
    const written = `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`
    expect(printable(`a${sign}b\tc\n`)).toBe(`a${written}b\tc\n`)
    expect(printableCell(`a${sign}b\nc`)).toBe(`a${written}b\\u000ac`)
    // What was JSON is the same JSON.
    expect(JSON.parse(printable(JSON.stringify({ a: `x${sign}` })))).toEqual({ a: `x${sign}` })
  })
  test('Vietnamese, and emoji of several parts, stay', () => {
    const text = 'Sở Y tế: đã nhận ✔ 👩‍💻'
    expect(printable(text)).toBe(text)
  })
  test('of events, tables and refusals of the real commands', async () => {
    const hostile = 'x\u009b31m\u202egpj.exe\u007f'
    place.write('vonglau.yml', 'sources:\n  - { id: cong, parser: nginx_access, file: { path: "logs/*.log" } }\n')
    const file = place.write('dong.log', `${line(`1${hostile}`)}\n`)
    const outs = [
      (await place.run(['parse', '--source', 'cong', file])).out,
      (await place.run(['import', '--source', 'cong', file])).out,
      (await place.run(['query'])).out,
      refusal(await place.run(['import', '--source', 'cong', `khong-co-${hostile}`])),
      refusal(await place.run(['users', 'reset', hostile])),
    ]
    for (const out of outs) expect(out.replaceAll(/[\n\t]/g, '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u)
    expect(outs[0]).toContain('\\u009b31m\\u202egpj.exe\\u007f')
    expect(outs[2]).toContain('\\u009b31m\\u202egpj.exe\\u007f')
  })
})

test('what the command line does to users is in the trail, with and without a server, and by whom', async () => {
  place.write('vonglau.yml', 'listen: 127.0.0.1:0\n')
  const server = await place.start()
  expect((await place.run(['users', 'add', 'hoa', '--role', 'manager'])).code).toBe(0)
  await server.stop()
  expect((await place.run(['users', 'reset', 'hoa'], { env: { SUDO_USER: 'tuan' } })).code).toBe(0)
  const installation = await place.open()
  await installation.scribe.work()
  const { items } = await journalOf(installation.store.documents).query(SYSTEM, { filter: EVERYTHING, limit: 100 })
  const trail = items
    .map(({ doc }) => doc)
    .toSorted((a, b) => a['journal.n'] - b['journal.n'])
    .map(({ act, ...doc }) => `${doc['journal.by']}: ${act.what} ${doc['journal.object']} ${act.text ?? ''}`.trimEnd())
  expect(trail).toEqual([
    'vonglau: user.add admin administrator',
    expect.stringMatching(/^command line \(\S+\): user\.add hoa manager$/),
    expect.stringMatching(/^command line \(tuan as \S+\): user\.reset hoa$/),
  ])
  await installation.close()
})

test('every package of the lock file has an integrity', () => {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: { [path: string]: { integrity?: string } }
  }
  const entries = Object.entries(packages).filter(([path]) => path !== '')
  expect(entries.length).toBeGreaterThan(150)
  expect(
    entries.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? '')).map(([path]) => path),
  ).toEqual([])
})
