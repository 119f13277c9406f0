/**
 * A full disk, really: a small tmpfs, or where mounting is not allowed a limit on the size of a file. What was accepted is
 * in the store exactly once when there is room again; what was refused was refused in one sentence.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { appendFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eventsOf, line, openPlace, type Place, refusal, sentence, until } from './place.ts'

let place: Place
beforeEach(() => {
  place = openPlace()
})
const TOKEN = 'a-token-of-the-tests'
/** Hardly compressible, so that a disk fills by as much as was sent. */
const bulky = (n: number) =>
  line(`${n}-${Array.from({ length: 24 }, (_, i) => Math.imul(n * 31 + i + 1, 2_654_435_761) >>> 0).join('-')}`)
const numbers = async (installation: Awaited<ReturnType<Place['open']>>) => {
  const counts = new Map<number, number>()
  for (const event of await eventsOf(installation.store.events)) {
    expect(event['event.kind'], String(event['event.original']).slice(0, 300)).toBe('event')
    const n = Number(/\/dong-(\d+)-/.exec(String(event['url.path']))![1])
    counts.set(n, (counts.get(n) ?? 0) + 1)
  }
  return counts
}
const batch = (from: number, size: number) => `${Array.from({ length: size }, (_, i) => bulky(from + i)).join('\n')}\n`

const mounted = new Set<string>()
afterEach(async () => {
  for (const folder of mounted) spawnSync('umount', ['-l', folder])
  mounted.clear()
  await place.remove()
})
/** False where this user may not mount. */
const mount = (folder: string, size: string): boolean => {
  execFileSync('mkdir', ['-p', folder])
  const done = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]).status === 0
  if (done) mounted.add(folder)
  return done
}

describe('the disk of the data folder is full', () => {
  test('over HTTP: what is not accepted is told to the sender; what was accepted is stored once there is room', async () => {
    const data = join(place.folder, 'data')
    const onDisk = mount(data, '24m')
    place.write(
      'vonglau.yml',
      `data: data\nlisten: 127.0.0.1:0\nsources:\n  - { id: web, parser: nginx_access, http: { token: ${TOKEN} } }\n`,
    )
    const ballast = join(data, 'ballast')
    const accepted: number[] = []
    const BATCH = 500
    let refused: { status: number; message: string } | undefined
    // Where nothing can be mounted, the kernel refuses to let a file grow beyond a size instead.
    const server = await startUnder(onDisk ? [] : ['prlimit', '--fsize=3000000'])
    for (let at = 0; at < 400 && !refused; at++) {
      // Most of the room is taken by others.
      if (at === 3 && onDisk)
        writeFileSync(ballast, Buffer.alloc(Math.max(0, statfsSync(data).bavail * statfsSync(data).bsize - 3_000_000)))
      const answer = await fetch(`${server.url}/ingest/web`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TOKEN}` },
        body: batch(at * BATCH, BATCH),
      })
      const body = (await answer.json()) as { accepted?: number; error?: { message: string } }
      if (answer.status === 200) accepted.push(at)
      else refused = { status: answer.status, message: body.error!.message }
    }
    expect(refused?.status).toBe(503)
    expect(sentence(refused!.message)).toMatch(
      /^nothing of this request was accepted \((ENOSPC|EFBIG).*\): send it again later$/,
    )
    expect(accepted.length).toBeGreaterThan(3)
    // Killed while it cannot write: the worst moment.
    await server.kill()
    rmSync(ballast, { force: true })
    if (onDisk) execFileSync('mount', ['-o', 'remount,size=200m', data])
    const installation = await place.open()
    await installation.ingest.start()
    await installation.ingest.accept('web', [Buffer.from(bulky(9_999_999))], '127.0.0.1')
    await installation.ingest.drain()
    const counts = await numbers(installation)
    await installation.close()
    const wanted = accepted.flatMap((at) => Array.from({ length: BATCH }, (_, i) => at * BATCH + i))
    expect({
      missing: wanted.filter((n) => !counts.has(n)),
      twice: [...counts].filter(([, c]) => c > 1),
      others: counts.size - wanted.length,
    }).toEqual({ missing: [], twice: [], others: 1 })
  })

  test('a file source waits, says why, and goes on where it was', async ({ skip }) => {
    const data = join(place.folder, 'data')
    if (!mount(data, '16m'))
      return skip('needs the right to mount a tmpfs; the test above shows the same by a limit on files')
    place.write(
      'vonglau.yml',
      'data: data\nsources:\n  - { id: tep, parser: nginx_access, file: { path: "logs/*.log" } }\n',
    )
    const installation = await place.open()
    await installation.ingest.start()
    place.write('logs/a.log', batch(0, 1000))
    await installation.ingest.drain()
    const ballast = join(data, 'ballast')
    const disk = statfsSync(data)
    writeFileSync(ballast, Buffer.alloc(disk.bavail * disk.bsize - 200_000))
    place.write('logs/b.log', batch(1000, 20_000))
    const status = await until('the source fails', async () => {
      const [found] = await installation.ingest.status()
      return found!.problem ? found : undefined
    })
    expect(sentence(status.problem!)).toMatch(
      /^the disk of the data folder is full: free space, or lower retention; what has arrived is kept and is stored when there is room again/,
    )
    // What is stored already can be read meanwhile.
    expect((await numbers(installation)).size).toBeGreaterThanOrEqual(1000)
    rmSync(ballast)
    execFileSync('mount', ['-o', 'remount,size=200m', data])
    await installation.ingest.drain()
    const counts = await numbers(installation)
    expect({ lines: counts.size, twice: [...counts].filter(([, c]) => c > 1) }).toEqual({ lines: 21_000, twice: [] })
    const [after] = await installation.ingest.status()
    expect(after!.problem).toBeUndefined()
    await installation.close()
  })

  test('an import ends with one sentence, and again adds the rest', async ({ skip }) => {
    const data = join(place.folder, 'data')
    const onDisk = mount(data, '12m')
    if (!onDisk) return skip('needs the right to mount a tmpfs; the first test shows the same by a limit on files')
    place.write('vonglau.yml', 'data: data\n')
    place.write('lich-su.log', batch(0, 60_000))
    const said = refusal(await place.run(['import', '--source', 'nginx_access', 'lich-su.log']))
    expect(said).toMatch(
      /the disk of the data folder is full: free space.*; \d+ lines are stored, and importing the same file again adds the rest$/,
    )
    execFileSync('mount', ['-o', 'remount,size=400m', data])
    expect(await place.run(['import', '--source', 'nginx_access', 'lich-su.log'])).toMatchObject({ code: 0, err: '' })
    expect(await place.run(['query', '--count'])).toMatchObject({ out: '60000\n' })
    const installation = await place.open()
    expect((await numbers(installation)).size).toBe(60_000)
    await installation.close()
  })
})

/** The server without the launcher, so that a kill reaches it. */
const startUnder = async (under: readonly string[]) => {
  const cli = fileURLToPath(new URL('../../api/cli.ts', import.meta.url))
  const [command, ...args] = [...under, process.execPath, '--disable-warning=ExperimentalWarning', cli, 'start']
  const child = spawn(command!, args, { cwd: place.folder, env: { PATH: process.env['PATH'] } })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk) => (text += chunk))
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = await until('the server answers', () => {
    if (child.exitCode !== null) throw new Error(text)
    return /the console is at (\S+)\n/.exec(text)?.[1]
  })
  return {
    url,
    kill: async () => {
      child.kill('SIGKILL')
      await gone
    },
  }
}

test('sign-in and start on a full disk say so, and nothing else', async ({ skip }) => {
  const data = join(place.folder, 'data')
  if (!mount(data, '16m')) return skip('needs the right to mount a tmpfs')
  place.write('vonglau.yml', 'data: data\nlisten: 127.0.0.1:0\n')
  const server = await place.start()
  const [, username, password] = /\n {6}(\S+)\n {6}(\S+)\n/.exec(server.printed())!
  const ballast = join(data, 'ballast')
  const fill = () => {
    rmSync(ballast, { force: true })
    for (let size = 1 << 20; size >= 1 << 10; size >>= 1)
      for (;;)
        try {
          appendFileSync(ballast, Buffer.alloc(size))
        } catch {
          break
        }
  }
  fill()
  const answer = await until('no page of the log is left', async () => {
    const found = await fetch(`${server.url}/api/auth/sign-in/username`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: server.url },
      body: JSON.stringify({ username, password }),
    })
    return found.status === 200 ? undefined : found
  })
  const text = await answer.text()
  expect(answer.status, text).toBe(503)
  expect(text).toContain('the disk of the data folder is full: free space')
  await server.stop('SIGKILL')
  fill()
  // Nothing is damaged, and no backup is to be restored.
  expect(refusal(await place.run(['start']))).toMatch(/^vonglau: the disk of the data folder is full: free space/)
  rmSync(ballast)
  const again = await place.start()
  expect((await fetch(`${again.url}/healthz`)).status).toBe(200)
  await again.stop()
})
