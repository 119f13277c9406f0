/** Records of the spool: those of before, and those that something has spoiled. */
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { spoolFeed } from '../../../ingest/collect/feed.ts'
import { writeRecords } from '../../../ingest/collect/records.ts'
import { openSpool } from '../../../ingest/collect/spool.ts'
import { line, openPlace, type Place } from '../../faults/place.ts'

let place: Place
beforeEach(() => {
  place = openPlace()
})
afterEach(() => place.remove())

/** What a later process reads of the folder, file by file; and that it comes to each one's end. */
const readAll = async (folder: string, from = 0) => {
  const spool = openSpool(folder, Date.now, 0)
  const texts: string[] = []
  const senders: string[] = []
  let lost = 0
  let done = true
  for (const { id } of spool.segments()) {
    const feed = await spoolFeed(spool, id, id, from)
    for (let chunk = await feed.next(); chunk; chunk = await feed.next()) {
      const { bytes, count, from, to } = chunk.lines
      for (let i = 0; i < count; i++) {
        texts.push(Buffer.from(bytes.subarray(from[i]!, to[i])).toString())
        senders.push(chunk.lines.senders![chunk.lines.sender![i]!]!.address)
      }
      lost += chunk.lost ?? 0
    }
    done &&= await feed.done()
    await feed.close()
  }
  await spool.close()
  return { texts, senders, lost, done }
}

test('a spool that the program at 06a77c7 has written is read as it is, its streams too', async () => {
  cpSync(join(import.meta.dirname, 'spool-before'), place.path('spool'), { recursive: true })
  expect(await readAll(place.path('spool'))).toEqual({
    texts: [line('a'), line('b'), line('c'), line('đ'), `${line('e')}\nhai dòng`],
    senders: ['192.0.2.7', '192.0.2.7', '2001:db8::7', '2001:db8::7', '192.0.2.8'],
    lost: 0,
    done: true,
  })
  const spool = openSpool(place.path('spool'), Date.now, 0)
  expect(await spool.position('u ex.log')).toBe(200)
  // What comes now is a file of its own.
  await spool.append([Buffer.from('mới')], '192.0.2.7')
  await spool.close()
  expect((await readAll(place.path('spool'))).texts.at(-1)).toBe('mới')
})

const COUNT = 200
const each = (n: number) => line(`${n}`)
/** A folder with one file of so many records, changed by hand. */
const spoiled = (change: (bytes: Buffer, begins: readonly number[]) => Buffer | undefined, text = each): string => {
  const folder = place.path('spool')
  mkdirSync(folder)
  const records = Array.from({ length: COUNT }, (_, n) =>
    writeRecords([Buffer.from(text(n))], 1, '192.0.2.7', undefined),
  )
  const begins: number[] = []
  let at = 0
  for (const record of records) {
    begins.push(at)
    at += record.length
  }
  const bytes = Buffer.concat(records)
  writeFileSync(join(folder, '0000000001.spool'), change(bytes, begins) ?? bytes)
  return folder
}
const numbers = (missing: readonly number[]) =>
  Array.from({ length: COUNT }, (_, n) => n).filter((n) => !missing.includes(n))

describe('a record is spoiled: the others are read, and it is counted', () => {
  const K = 50
  const at =
    (offset: number, byte: number | ((before: number) => number)) => (bytes: Buffer, begins: readonly number[]) => {
      const place = begins[K]! + offset
      bytes[place] = typeof byte === 'number' ? byte : byte(bytes[place]!)
      return undefined
    }
  test.each<[string, (bytes: Buffer, begins: readonly number[]) => Buffer | undefined, number[]]>([
    ['its first byte', at(0, 65), [K]],
    ['its first byte, by the LF that it follows', at(-1, 65), [K - 1]],
    ['its sum', at(3, 122), [K]],
    ['its time', at(10, 120), [K]],
    ['the length, by a larger one', at(23, 57), [K]],
    ['the length, by a smaller one', at(22, 49), [K]],
    ['the length, by what is no number', at(22, 32), [K]],
    ['the end of its header', at(24, 32), [K]],
    ['a bit of its line', at(60, (before) => before ^ 1), [K]],
    [
      'a stretch over five',
      (bytes, begins) => bytes.fill(0, begins[K]! + 20, begins[K + 4]! + 20) && undefined,
      [K, K + 4],
    ],
    [
      'a stretch that went missing',
      (bytes, begins) => Buffer.concat([bytes.subarray(0, begins[K]! + 30), bytes.subarray(begins[K + 2]! + 40)]),
      [K, K + 1, K + 2],
    ],
    ['the first of the file', (bytes) => bytes.fill(65, 0, 1), [0]],
    ['the first of the file, by a digit', (bytes) => bytes.fill(49, 0, 1), [0]],
    [
      'the last of the file',
      (bytes, begins) => bytes.fill(1, begins[COUNT - 1]! + 60, begins[COUNT - 1]! + 61),
      [COUNT - 1],
    ],
  ])('%s', async (_, change, missing) => {
    const folder = spoiled(change)
    const { texts, lost, done } = await readAll(folder)
    const found = texts.map((text) => Number(/dong-(\d+)/.exec(text)![1]))
    const gone = numbers(found)
    for (const n of missing) expect(gone).toContain(n)
    expect(gone.length).toBeLessThanOrEqual(5)
    expect(new Set(found).size).toBe(found.length)
    expect(texts).toEqual(numbers(gone).map(each))
    expect(lost).toBeGreaterThanOrEqual(1)
    expect(lost).toBeLessThanOrEqual(gone.length)
    expect(done).toBe(true)
  })

  test('with lines of a megabyte, over many reads: counted once', async () => {
    const folder = spoiled(at(22, 57), (n) => (n % 50 === 0 ? `dong-${n} ${'x'.repeat(1_300_000)}` : each(n)))
    const { texts, lost } = await readAll(folder)
    expect(lost).toBe(1)
    expect(texts.filter((text) => text.startsWith('dong-50 '))).toEqual([])
    expect(texts.filter((text) => text.length < 1000)).toHaveLength(196)
  })

  test('what a crash tore at the end was never accepted: it is not counted', async () => {
    for (const cut of [1, 5, 60]) {
      const folder = spoiled((bytes) => bytes.subarray(0, -cut))
      expect(await readAll(folder)).toMatchObject({ texts: numbers([COUNT - 1]).map(each), lost: 0, done: true })
      rmSync(folder, { recursive: true })
    }
  })

  test('in a file of before', async () => {
    const folder = place.path('spool')
    mkdirSync(folder)
    const records = numbers([]).map((n) => `1795244700000 192.0.2.7 ${each(n).length}\n${each(n)}\n`)
    records[50] = records[50]!.replace('1795244700000', '17952x4700000')
    records[70] = records[70]!.replace(/ \d+\n/, ' 9999\n')
    writeFileSync(join(folder, '0000000001.spool'), records.join(''))
    expect(await readAll(folder)).toMatchObject({ texts: numbers([50, 70]).map(each), lost: 2, done: true })
  })

  test('in the file that is written: what comes after is read, also what comes later', async () => {
    const folder = place.path('spool')
    const spool = openSpool(folder, Date.now, 0)
    const append = (...names: number[]) =>
      spool.append(
        names.map((n) => Buffer.from(each(n))),
        '192.0.2.7',
      )
    await append(0, 1, 2)
    const { path } = spool.segments()[0]!
    const bytes = readFileSync(path)
    const second = bytes.indexOf(30, 5)
    bytes[bytes.indexOf(10, second) - 1] = 57
    writeFileSync(path, bytes)
    const feed = await spoolFeed(spool, '0000000001', '0000000001', 0)
    const first = await feed.next()
    expect([first?.lines.count, first?.lost]).toEqual([2, 1])
    expect(await feed.done()).toBe(false)
    await append(3)
    expect((await feed.next())?.lines.count).toBe(1)
    await feed.close()
    await spool.close()
  })
})

describe('a spool that is deleted while it is written', () => {
  const open = () => openSpool(place.path('data/spool/web'), Date.now, 0)
  const some = [Buffer.from(line('a'))]
  test.each<[string, () => void]>([
    ['its file', () => rmSync(place.path('data/spool/web/0000000001.spool'))],
    ['its folder', () => rmSync(place.path('data'), { recursive: true })],
    ['moved away', () => renameSync(place.path('data'), place.path('khac'))],
    [
      'and another stands in its place',
      () => {
        rmSync(place.path('data'), { recursive: true })
        mkdirSync(place.path('data/spool/web'), { recursive: true })
        writeFileSync(place.path('data/spool/web/0000000001.spool'), '')
      },
    ],
  ])('%s: the next lines are refused', async (_, remove) => {
    const spool = open()
    await spool.append(some, '192.0.2.7')
    remove()
    await expect(spool.append(some, '192.0.2.7')).rejects.toThrow(/was deleted while the program runs/)
    await spool.close()
  })
  test('before anything came: refused as well', async () => {
    const spool = open()
    rmSync(place.path('data'), { recursive: true })
    await expect(spool.append(some, '192.0.2.7')).rejects.toThrow(/ENOENT/)
    await spool.close()
  })
  test('of its file alone: it goes on in a new one', async () => {
    const spool = open()
    await spool.append(some, '192.0.2.7')
    rmSync(place.path('data/spool/web/0000000001.spool'))
    await expect(spool.append(some, '192.0.2.7')).rejects.toThrow()
    await spool.append(some, '192.0.2.7')
    expect(readdirSync(place.path('data/spool/web'))).toEqual(['0000000002.spool'])
    await spool.close()
  })
})

test('bytes that nobody wrote behind the last record are no line', async () => {
  const folder = spoiled(() => undefined)
  appendFileSync(join(folder, '0000000001.spool'), Buffer.alloc(4096))
  expect(await readAll(folder)).toMatchObject({ texts: numbers([]).map(each), lost: 0, done: true })
})
