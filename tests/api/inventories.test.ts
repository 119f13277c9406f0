/** Several processes and files bring one inventory: nobody's change is lost, and what was written back is no news. */
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Config, readConfig } from '../../api/config.ts'
import { type Inventories, openInventories, readInventory } from '../../api/inventories.ts'
import { openEmbedded } from '../../api/store.ts'
import { clockOf } from '../../ingest/clock.ts'
import { embedded } from '../../ingest/store/embedded.ts'
import type { Store } from '../../ingest/store/store.ts'

const PROVINCE = `province: { id: p, name: Tỉnh, timezone: Asia/Ho_Chi_Minh }
agencies:
  - { id: a, name: Sở A, kind: department }
  - { id: b, name: Sở B, kind: department }
planned:
  - { id: v, from: 2099-01-01T20:00+07:00, to: 2099-01-01T21:00+07:00, source: cong, who: Bảy, why: Nâng cấp }
`
const AUTHOR = { by: 'bay', reason: 'công văn 214' }
const NOTHING = { added: [], changed: [], ended: [], parts: [] }
let folder: string
let store: Store
const fileOf = (node: string) => join(folder, `${node}.yml`)
const edit = (node: string, from: string, to: string) =>
  writeFileSync(fileOf(node), readFileSync(fileOf(node), 'utf8').replace(from, to))
const configOf = (node?: string): Config => {
  writeFileSync(join(folder, 'vonglau.yml'), 'listen: 127.0.0.1:0\nsources: []\n')
  return {
    ...readConfig(join(folder, 'vonglau.yml'), {}),
    ...(node === undefined ? {} : { inventory: fileOf(node) }),
  }
}
/** `node`: with a file of its own; undefined: none is configured. */
const open = (node?: string, of = store): Promise<Inventories> => {
  const config = configOf(node)
  return openInventories(config, of, readInventory(config), { node: node ?? '', clock: clockOf(Date.now) })
}
/** Before a version is noted to stand in a file, something else happens. */
const before = (work: () => Promise<unknown>): Store => ({
  ...store,
  documents: {
    ...store.documents,
    collection: (name) => {
      const collection = store.documents.collection(name)
      return {
        ...collection,
        put: async (entries: readonly { readonly version: unknown }[]) => {
          if (entries.some(({ version }) => version !== null)) await work()
          return collection.put(entries as never)
        },
      } as never
    },
  },
})
const named = (id: string, name: string) => ({ kind: 'agencies', entry: { id, name, kind: 'department' } }) as const
const names = (inventories: Inventories) =>
  inventories.current().agencies.map(({ name, valid_to }) => (valid_to ? `${name} †` : name))

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vonglau-inventories-'))
  writeFileSync(fileOf('one'), PROVINCE)
  writeFileSync(fileOf('two'), PROVINCE)
  const { events, documents } = await openEmbedded({ ...configOf(), data: join(folder, 'data') }, { wait: 0 })
  store = embedded(events, documents)
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

test('two processes change at once, over and over: all holds, and what each wrote into its file is no news', async () => {
  const [one, two] = [await open('one'), await open('two')]
  for (let i = 0; i < 6; i++)
    await Promise.all([
      one.change([named('a', `A ${i}`)], AUTHOR),
      two.change([named('b', `B ${i}`)], AUTHOR),
      one.follow(),
      two.follow(),
    ])
  await Promise.all([one.follow(), two.follow()])
  expect([names(one), names(two)]).toEqual([
    ['A 5', 'B 5'],
    ['A 5', 'B 5'],
  ])
  for (const [each, word] of [
    [one, 'A 5'],
    [two, 'B 5'],
  ] as const) {
    expect(readFileSync(each === one ? fileOf('one') : fileOf('two'), 'utf8')).toContain(word)
    expect(await each.reload([])).toEqual(NOTHING)
    expect(each.waiting()).toEqual([])
  }
})

test('another process changes something between a version and the note that the file says it: the file is known all the same', async () => {
  const two = await open('two')
  let i = 0
  const one = await open(
    'one',
    before(() => two.change([named('b', `B ${i++}`)], AUTHOR)),
  )
  for (const name of ['A 1', 'A 2'])
    expect((await one.change([named('a', name)], AUTHOR)).file).toEqual({ path: fileOf('one') })
  await two.change([named('a', 'A của hai')], AUTHOR)
  await one.follow()
  // What the file says is this process's own word, not news beside a person's.
  expect(await one.reload([])).toEqual(NOTHING)
  expect([one.waiting(), names(one)]).toEqual([[], ['A của hai', `B ${i - 1}`]])
})

test('a file with an older word brings nothing at first; what it changes from then on is its own news and nothing else', async () => {
  const one = await open('one')
  await one.change([named('a', 'A mới')], AUTHOR)
  edit('one', 'Sở B', 'B của tệp')
  await one.reload([])
  const two = await open('two')
  expect(names(two)).toEqual(['A mới', 'B của tệp'])
  // Changed and not read yet: it is not written over.
  edit('two', 'Nâng cấp', 'Thay máy')
  const { file } = await two.change([named('a', 'A mới nữa')], AUTHOR)
  expect(file?.why).toContain('was changed and not read yet')
  expect(await two.reload([])).toEqual({ ...NOTHING, parts: ['planned'] })
  expect(names(two)).toEqual(['A mới nữa', 'B của tệp'])
  // The same at the next start.
  edit('two', 'Thay máy', 'Bảo trì')
  const again = await open('two')
  expect([names(again), again.current().planned[0]?.why]).toEqual([['A mới nữa', 'B của tệp'], 'Bảo trì'])
})

test('an installation without a file starts again, and takes what a person says first', async () => {
  const first = await open()
  expect(first.current().agencies).toEqual([])
  const again = await open()
  await again.change([{ kind: 'calendar', entry: { days: [1], hours: [], off: [] } }], AUTHOR)
  await again.change([named('a', 'Sở A')], AUTHOR)
  expect([names(await open()), (await open()).version()]).toEqual([['Sở A'], 3])
})

test('started without a file nothing is over', async () => {
  await open('one')
  const without = await open()
  expect([names(without), without.version()]).toEqual([['Sở A', 'Sở B'], 1])
})

test('what a person took out does not come back because the file changes it: it waits', async () => {
  const one = await open('one')
  writeFileSync(fileOf('one'), `${PROVINCE}# của ai đó\n`)
  edit('one', 'Sở B', 'Sở Bê')
  await one.change([{ kind: 'planned', key: 'v', end: true }], AUTHOR)
  edit('one', 'Nâng cấp', 'Thay máy')
  expect(await one.reload([])).toEqual({ ...NOTHING, changed: ['b'] })
  expect(one.current().planned).toEqual([])
  expect(one.waiting()).toMatchObject([{ kind: 'planned', key: 'v', entry: { why: 'Thay máy' } }])
  await one.settle({ kind: 'planned', key: 'v' }, 'file', AUTHOR)
  expect(one.current().planned).toMatchObject([{ why: 'Thay máy' }])
})

test('two changes of one entry at once are refused: one would be lost', async () => {
  const one = await open('one')
  await expect(one.change([named('c', 'C 1'), named('c', 'C 2')], AUTHOR)).rejects.toThrow('agencies c stands twice')
})

test('who says to have looked at a version that never was is not believed', async () => {
  const one = await open('one')
  await expect(one.change([named('a', 'A mới')], AUTHOR, 99)).rejects.toThrow('there is no version 99')
})

test('the file behind a link is written and the link stays; its rights are as they were, nothing is left beside it', async () => {
  const real = join(folder, 'real.yml')
  renameSync(fileOf('one'), real)
  chmodSync(real, 0o664)
  symlinkSync(real, fileOf('one'))
  // Of a process that was killed.
  writeFileSync(`${real}.new`, 'nửa chừng', { mode: 0o444 })
  const one = await open('one')
  expect((await one.change([named('a', 'A mới')], AUTHOR)).file).toEqual({ path: fileOf('one') })
  expect(lstatSync(fileOf('one')).isSymbolicLink()).toBe(true)
  expect(readFileSync(real, 'utf8')).toContain('A mới')
  expect(statSync(real).mode & 0o777).toBe(0o664)
  expect(readdirSync(folder).filter((name) => name.endsWith('.new'))).toEqual([])
})

test('a file with a comment in an older encoding is left alone, to the byte', async () => {
  const bytes = Buffer.concat([Buffer.from(PROVINCE), Buffer.from([0x23, 0x20, 0xb8, 0xd5, 0x0a])])
  writeFileSync(fileOf('one'), bytes)
  const one = await open('one')
  expect((await one.change([named('a', 'A mới')], AUTHOR)).file?.why).toContain('is not all UTF-8')
  expect(readFileSync(fileOf('one')).equals(bytes)).toBe(true)
})
