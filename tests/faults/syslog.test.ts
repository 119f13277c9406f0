/** Attacks on the syslog ports, by real sockets on a real server. Each was cheap once: README.md here has the table. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Running } from '../../api/server.ts'
import { eventsOf, line, lines, openPlace, originals, type Place, until } from './place.ts'

let place: Place
let running: Running | undefined
let sockets: Socket[] = []
beforeEach(() => {
  place = openPlace()
})
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  sockets = []
  await running?.stop()
  running = undefined
  await place.remove()
})

/** A server with settings under `syslog:`. */
const serve = async (settings = ''): Promise<Running> => {
  place.write(
    'vonglau.yml',
    `data: data
listen: 127.0.0.1:0
syslog: { udp: "127.0.0.1:0", tcp: "127.0.0.1:0"${settings} }
sources:
  - { id: cong, parser: nginx_access, syslog: { from: [127.0.0.1] } }
`,
  )
  running = await place.serve()
  return running
}
/** `from`: 127.0.0.1 is the source's; every other address of the loopback is unknown. */
const dial = async (from = '127.0.0.1'): Promise<Socket> => {
  const socket = connect({ port: running!.syslog.tcp!, host: '127.0.0.1', localAddress: from })
  sockets.push(socket)
  socket.on('error', () => {})
  socket.resume()
  await once(socket, 'connect')
  return socket
}
const closed = (socket: Socket) => until('the connection is closed', () => socket.closed)
const said = async (code: string) => (await running!.installation.wrong()).find((each) => each.code === code)?.message
const total = (code: string) => running!.installation.ingest.notices.totals().get(code) ?? 0
const stored = async () => {
  await running!.installation.ingest.drain()
  return originals(running!.installation.store.events)
}
const arrived = (count: number) =>
  until(`${count} lines are stored`, async () => {
    const found = await stored()
    return found.size >= count && found
  })
const framed = (message: string) => `${Buffer.byteLength(message)} ${message}`
const message = (n: number | string) => `<190>Nov 21 14:05:00 may-chu nginx: ${line(n)}`

describe('over TCP', () => {
  test('one wrong count: the connection is closed and it is said; what came before is kept, what comes anew too', async () => {
    await serve()
    const bad = await dial()
    bad.write(`${framed(message('a'))}${message('b').length - 9} ${message('b')}${framed(message('c'))}`)
    await closed(bad)
    expect(total('syslog-framing')).toBe(1)
    expect(await said('syslog-framing')).toMatch(
      /^1 syslog connection was closed since the start for what they sent, the last one of 127\.0\.0\.1: a frame should begin with its length, and "illa\/5\.0/,
    )
    const good = await dial()
    good.write(framed(message('d')) + framed(message('e')))
    const found = await arrived(4)
    expect([...found.keys()].filter((text) => /dong-[ade] /.test(text))).toHaveLength(3)
  })

  test('frames that end with NUL are taken while the connection is open', async () => {
    await serve()
    const socket = await dial()
    socket.write(['a', 'b', 'c'].map((n) => `${message(n)}\0`).join(''))
    expect([...(await arrived(3)).keys()].sort()).toEqual(['a', 'b', 'c'].map(message))
    expect(socket.closed).toBe(false)
  })

  test('counted frames of NULs: kept with their bytes; what is text comes', async () => {
    await serve()
    const socket = await dial()
    const nuls = Buffer.concat([Buffer.from('<13>a'), Buffer.alloc(400_000), Buffer.from('z')])
    for (let i = 0; i < 3; i++) {
      socket.write(`${nuls.length} `)
      socket.write(nuls)
    }
    socket.write(`${Buffer.byteLength(message('a'))} ${message('a')}`)
    const found = await until('all are stored', async () => {
      const all = await stored()
      return all.size === 2 && all
    })
    expect([...found].sort()).toEqual([
      ['<13>a\ufffdz', 3],
      [message('a'), 1],
    ])
    const kept = (await eventsOf(running!.installation.store.events)).filter(
      (event) => event['vonglau.original.base64'] !== undefined,
    )
    expect(kept).toHaveLength(3)
    for (const event of kept)
      expect(Buffer.from(String(event['vonglau.original.base64']), 'base64').equals(nuls)).toBe(true)
    expect(socket.closed).toBe(false)
  })

  test('a frame without an end: cut at its bound, in however small pieces it comes', async () => {
    await serve(', longest: 64KB')
    const socket = await dial()
    socket.setNoDelay(true)
    socket.write('<190>')
    let sent = 0
    while (!socket.closed && sent < 4 << 20) {
      if (!socket.write(Buffer.alloc(163, 'a'))) await once(socket, 'drain').catch(() => {})
      sent += 163
      if (sent % (163 * 50) === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await closed(socket)
    expect(await said('syslog-framing')).toMatch(/more than 65536|longer than 65536/)
    expect((await stored()).size).toBe(0)
  })

  test('a frame that never becomes whole, and a connection without a byte, end', async () => {
    await serve(', idle_minutes: 0.01')
    const [slow, idle] = [await dial(), await dial()]
    const drip = setInterval(() => slow.write('a'), 20)
    slow.write('<190>cham ')
    await Promise.all([closed(slow), closed(idle)])
    clearInterval(drip)
    expect(total('syslog-framing')).toBe(1)
    expect(await said('syslog-framing')).toMatch(/a frame was not whole after 1 s$/)
    // What came of it is kept.
    expect([...(await arrived(1)).keys()][0]).toMatch(/^<190>cham a/)
  })

  test('thirty connections with 20 MB each that are no frames: no more is held than a bound', async () => {
    await serve(', longest: 32MB')
    const all = await Promise.all(Array.from({ length: 30 }, () => dial()))
    const heap = process.memoryUsage().arrayBuffers
    const piece = Buffer.alloc(1 << 20, 'a')
    for (const socket of all) for (let i = 0; i < 20; i++) socket.write(piece)
    let most = 0
    const watch = setInterval(() => {
      // What the sockets of this end still have to send is not the server's.
      most = Math.max(most, process.memoryUsage().arrayBuffers - heap)
    }, 5)
    await until('those above the bound are cut', () => total('syslog-framing') >= 25)
    clearInterval(watch)
    expect(await said('syslog-framing')).toMatch(/take more than \d+ bytes/)
    expect(most).toBeLessThan(300 << 20)
    const good = await dial()
    good.write(`${message('sau')}\n`)
    expect((await arrived(1)).get(message('sau'))).toBe(1)
  })

  test('connections are bounded by sender, for unknown ones, and in all; each refusal is counted', async () => {
    await serve(', connections: 20, connections_per_sender: 4')
    const some = async (from: string, count: number) => {
      const before = total('syslog-refused')
      for (let i = 0; i < count; i++) await dial(from)
      await until('all are judged', async () => {
        await new Promise((resolve) => setTimeout(resolve, 50))
        return true
      })
      return total('syslog-refused') - before
    }
    expect(await some('127.0.0.2', 6)).toBe(2)
    expect(await said('syslog-refused')).toMatch(/127\.0\.0\.2 has 4 open \(syslog: connections_per_sender\)$/)
    // Unknown senders have a quarter of twenty.
    expect(await some('127.0.0.3', 4)).toBe(3)
    expect(await said('syslog-refused')).toMatch(/unknown senders have 5 open, a quarter/)
    // One that is configured finds room.
    expect(await some('127.0.0.1', 4)).toBe(0)
    sockets[0]!.destroy()
    await until('a place is free', async () => (await some('127.0.0.9', 1)) === 0)
  })

  test('a slow consumer: senders wait, it is said, and nothing is lost or stored twice', async () => {
    await serve(', unread: 512KB')
    const count = 40_000
    const socket = await dial()
    const text = lines(count).map((each) => `<190>Nov 21 14:05:00 may-chu nginx: ${each}\n`)
    let most = 0
    const watch = setInterval(async () => {
      most = Math.max(most, await running!.installation.ingest.behind('cong'))
    }, 20)
    for (let i = 0; i < count; i += 500) if (!socket.write(text.slice(i, i + 500).join(''))) await once(socket, 'drain')
    const found = await arrived(count)
    clearInterval(watch)
    expect(total('syslog-waited')).toBeGreaterThan(0)
    expect(await said('syslog-waited')).toMatch(
      /^senders of syslog over TCP had to wait \d+ times since the start, the last those of cong: more than 524288 bytes/,
    )
    expect(found.size).toBe(count)
    expect([...found.values()].filter((each) => each !== 1)).toEqual([])
    // What was under way when they were told to wait, beside the bound.
    expect(most).toBeLessThan(3 << 20)
  })

  test('lines go on to be read while those before them are synced: some syncs serve many reads', async () => {
    await serve()
    const socket = await dial()
    const accepted: Promise<unknown>[] = []
    const { ingest } = running!.installation
    // A hundred reads' worth, handed over without waiting for one another: none waits for a sync of its own.
    for (let i = 0; i < 100; i++) accepted.push(ingest.accept('cong', [Buffer.from(message(`cho-${i}`))], '127.0.0.1'))
    const order: number[] = []
    accepted.forEach((each, i) => void each.then(() => order.push(i)))
    await Promise.all(accepted)
    expect(order).toEqual(Array.from({ length: 100 }, (_, i) => i))
    socket.write(`${message('xong')}\n`)
    expect((await arrived(101)).size).toBe(101)
  })
})

describe('descriptors', () => {
  test('1,100 idle connections at 1,024 descriptors: the console and POST answer', async () => {
    place.write(
      'vonglau.yml',
      `data: data
listen: 127.0.0.1:0
syslog: { tcp: "127.0.0.1:0", connections: 5000, connections_per_sender: 5000 }
sources:
  - { id: cong, parser: nginx_access, syslog: { from: [127.0.0.1] } }
  - { id: web, parser: nginx_access, http: { token: a-token-of-the-tests } }
`,
    )
    const server = await place.start({}, ['prlimit', '--nofile=1024:1024'])
    const port = await until('the port is said', () =>
      Number(/syslog over TCP on port (\d+)/.exec(server.printed())?.[1]),
    )
    let refused = 0
    for (let i = 0; i < 1100; i++) {
      const socket = connect(port, '127.0.0.1')
      sockets.push(socket)
      socket.on('error', () => {})
      socket.on('close', () => refused++)
      socket.resume()
      await once(socket, 'connect')
    }
    await until('those for which there is no room are refused', () => refused >= 1100 - 768)
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    const answer = await fetch(`${server.url}/ingest/web`, {
      method: 'POST',
      body: line('van-nhan'),
      headers: { authorization: 'Bearer a-token-of-the-tests' },
    })
    expect({ status: answer.status, body: await answer.json() }).toEqual({ status: 200, body: { accepted: 1 } })
    expect((await place.run(['doctor'])).out).toMatch(
      /syslog connections were refused since the start, the last because the rest of the open files/,
    )
    await server.stop()
  })
})

describe('over UDP', () => {
  const udp = createSocketOf()
  test('what the kernel drops is counted and said', async () => {
    await serve()
    const send = udp(running!.syslog.udp!)
    const burst = 3000
    const wide = 'x'.repeat(8000)
    // The loop does not come to reading while it sends; more than any buffer holds.
    for (let round = 0; round < 30 && total('syslog-udp-dropped') === 0; round++) {
      const until = performance.now() + 400
      const sent: Promise<void>[] = []
      for (let i = 0; i < burst; i++) sent.push(send(`<190>${round}-${i} ${wide}`))
      while (performance.now() < until);
      await Promise.all(sent)
    }
    await until('the kernel was asked', () => total('syslog-udp-dropped') > 0)
    expect(await said('syslog-udp-dropped')).toMatch(
      /^the kernel dropped \d+ datagrams of syslog since the start, for its buffer of \d+ bytes was full: raise net\.core\.rmem_max/,
    )
  })
})

describe('unknown senders', () => {
  test('ten thousand made-up addresses: what is kept of them is bounded, what is over is dropped and counted', async () => {
    await serve(', unknown: { lines_per_second: 200, bytes_per_day: 1MB }')
    const { port } = { port: running!.syslog.udp! }
    let sent = 0
    for (let i = 0; i < 10_000; i += 100) {
      await Promise.all(
        Array.from({ length: 100 }, async (_, k) => {
          const n = i + k
          const socket = createSocket('udp4')
          await new Promise<void>((done) => socket.bind(0, `127.1.${n >> 8}.${n & 255}`, done))
          await new Promise<void>((done) => socket.send(message(`la-${n}`), port, '127.0.0.1', () => done()))
          socket.close()
          sent++
        }),
      )
    }
    expect(sent).toBe(10_000)
    const dropped = await until('what is over is dropped', () => total('unknown-quota'))
    expect(await said('unknown-quota')).toMatch(
      /^\d+ lines of senders that no source names were dropped since the start, the last of 127\.1\.\d+\.\d+: more than 200 a second or 1048576 bytes a day \(syslog: unknown\)/,
    )
    expect(dropped).toBeGreaterThan(0)
    expect((await arrived(200)).size).toBeLessThan(9_000)
    const status = (await running!.installation.ingest.status()).find(({ id }) => id === 'unknown')!
    expect(status.dropped).toBe(total('unknown-quota'))
    // A sender that is configured is not hindered by them.
    const socket = await dial()
    socket.write(`${message('biet')}\n`)
    await until('it is stored', async () => (await stored()).has(message('biet')))
  })

  test('the bytes of a day outlive a restart', async () => {
    const settings = ', unknown: { lines_per_second: 100000, bytes_per_day: 20KB }'
    await serve(settings)
    const send = async (from: number, count: number) => {
      const socket = await dial('127.0.0.5')
      socket.end(
        lines(count, from)
          .map((each) => `<190>Nov 21 14:05:00 may-chu nginx: ${each}\n`)
          .join(''),
      )
      await closed(socket)
    }
    await send(0, 1000)
    await until('what is over is dropped', () => total('unknown-quota') > 800)
    const before = await until('the others are stored', async () => {
      const { size } = await stored()
      return size > 50 && size
    })
    await running!.stop()
    await serve(settings)
    await send(1000, 1000)
    await until('all of it is over', () => total('unknown-quota') >= 990)
    expect((await stored()).size).toBeLessThan(before + 10)
  })
})

function createSocketOf() {
  return (port: number) => {
    const socket = createSocket({ type: 'udp4', sendBufferSize: 1 << 20 })
    socket.unref()
    return (text: string) => new Promise<void>((resolve) => socket.send(text, port, '127.0.0.1', () => resolve()))
  }
}
