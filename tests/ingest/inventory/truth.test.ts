/** One truth out of files and people: three sides an entry, what is written back, tables in and out. */
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { besideColumns, fromCsv, headerOf, toCsv } from '../../../ingest/inventory/csv.ts'
import { entriesOf, isList, LIST_KINDS, placeText, withEntries } from '../../../ingest/inventory/entries.ts'
import { entryText, parseEntry } from '../../../ingest/inventory/entry-text.ts'
import { checkedInventory, type Inventory, parseInventory } from '../../../ingest/inventory/inventory.ts'
import { ENTRY, schema } from '../../../ingest/inventory/schema.ts'
import { mergeFile } from '../../../ingest/inventory/merge.ts'
import { writtenInto } from '../../../ingest/inventory/written.ts'
import { runs } from '../../random.ts'

const SEED = join(import.meta.dirname, '../../../seeds/vinh-long/inventory.yml')
const seed = readFileSync(SEED, 'utf8')
const DAY = '2026-11-27'

/** Agencies a, b, c: absent, or with one of three names. */
type Names = { readonly [id: string]: 'An' | 'Bình' | 'Cần' | undefined }
const inventoryOf = (names: Names): Inventory =>
  checkedInventory({
    province: { id: 'tinh', name: 'Tỉnh', timezone: 'Asia/Ho_Chi_Minh' },
    agencies: [
      { id: 'tinh', name: 'Tỉnh', kind: 'committee' },
      ...Object.entries(names).flatMap(([id, name]) => (name ? [{ id, name, kind: 'department' }] : [])),
    ],
  })
const names = fc.record({
  a: fc.constantFrom('An', 'Bình', 'Cần', undefined),
  b: fc.constantFrom('An', 'Bình', 'Cần', undefined),
  c: fc.constantFrom('An', 'Bình', 'Cần', undefined),
}) as fc.Arbitrary<Names>
const nameIn = (inventory: Inventory, id: string) => {
  const found = inventory.agencies.find((each) => each.id === id)
  return found && (found.valid_to === undefined ? found.name : `${found.name} until ${found.valid_to}`)
}

test('what a file brings: taken where nobody touched the entry, waiting where a person did, silent where it says nothing new', () => {
  fc.assert(
    fc.property(names, names, names, fc.subarray(['a', 'b', 'c']), (said, file, holds, touched) => {
      // Who did not touch an entry left it as the file said it.
      const known = inventoryOf({ ...said, ...Object.fromEntries(touched.map((id) => [id, holds[id]])) })
      const personal = new Set(touched.filter((id) => holds[id]).map((id) => `agencies ${id}`))
      const merged = mergeFile(inventoryOf(said), inventoryOf(file), known, { personal, day: DAY })
      const waits = new Set(merged.waiting.map(placeText))
      for (const id of ['a', 'b', 'c']) {
        const held = nameIn(known, id)
        const isNews = file[id] !== said[id] && file[id] !== held
        const isWaiting = isNews && personal.has(`agencies ${id}`) && said[id] !== held
        expect(waits.has(`agencies ${id}`), id).toBe(isWaiting)
        const expected = !isNews || isWaiting ? held : (file[id] ?? (held && `${held} until ${DAY}`))
        expect(nameIn(merged.inventory, id), id).toBe(expected)
      }
    }),
    { numRuns: runs(150) },
  )
})

describe('written back', () => {
  const said = parseInventory(seed, 'inventory.yml')
  test('only what was changed: each other line of the file stays as it was written, comments too', () => {
    const agency = said.agencies.find(({ id }) => id === 'so-y-te')!
    const entry = { ...agency, name: 'Sở Y tế (mới)' }
    const result = writtenInto(seed, 'inventory.yml', [{ kind: 'agencies', key: 'so-y-te', entry }])
    expect(result).toHaveProperty('text')
    const [before, after] = [seed.split('\n'), (result as { text: string }).text.split('\n')]
    const gone = before.filter((line) => !after.includes(line))
    expect(gone.length).toBeLessThanOrEqual(2)
    expect(after.filter((line) => line.includes('Sở Y tế (mới)'))).toHaveLength(1)
    expect(before.filter((line) => line.trim().startsWith('#')).every((line) => after.includes(line))).toBe(true)
  })
  const small = readFileSync(join(import.meta.dirname, '../../../seeds/vinh-phuc/inventory.yml'), 'utf8')
  test('whatever is changed, the file is read again as exactly what holds, or is left alone with a reason', () => {
    const known = parseInventory(small, 'inventory.yml')
    const places = [...entriesOf(known).values()].filter(({ kind }) => kind !== 'province')
    fc.assert(
      fc.property(fc.nat({ max: places.length - 1 }), fc.string(), fc.boolean(), (nth, word, isEnd) => {
        const { kind, key, entry } = places[nth]!
        const changed = Array.isArray(entry)
          ? entry
          : {
              ...entry,
              ...('name' in entry && kind !== 'devices' ? { name: `Tên ${word}` } : {}),
              ...(isEnd && 'id' in entry && kind !== 'planned' ? { valid_to: '2031-01-01' } : {}),
            }
        const result = writtenInto(small, 'inventory.yml', [{ kind, key, entry: changed }])
        if ('why' in result) throw new Error(result.why)
        expect(parseInventory(result.text, 'inventory.yml')).toEqual(
          checkedInventory(withEntries(known, [{ kind, key, entry: changed }])),
        )
      }),
      { numRuns: runs(25) },
    )
  })
  test('a file that says it in an older way is left alone, with a reason', () => {
    const old = `province: { id: tinh, name: Tỉnh, timezone: Asia/Ho_Chi_Minh }
agencies:
  - { id: ubnd, name: UBND, kind: committee }
  - { id: ttdl, name: Trung tâm, kind: system, parent: ubnd }
  - { id: lgsp, name: LGSP, kind: system, parent: ttdl }
`
    const read = parseInventory(old, 'a.yml')
    const entry = { ...read.systems[0]!, name: 'Trục' }
    expect(writtenInto(old, 'a.yml', [{ kind: 'systems', key: entry.id, entry }])).toEqual({
      why: 'a.yml says systems lgsp in a way that is not rewritten: change it there yourself',
    })
  })
})

describe('an entry as text', () => {
  test('lists that were emptied stay empty: a calendar without working days is one', () => {
    const days = fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { maxLength: 2 })
    const hours = fc.constantFrom([], [{ from: '08:00', to: '12:00' }])
    fc.assert(
      fc.property(days, hours, (d, h) => {
        const said = { ...inventoryOf({}), calendar: { days: d, hours: h, off: [] } }
        expect(parseInventory(entryText(said), 'a.yml')).toEqual(said)
        const at = [{ kind: 'calendar', key: '', entry: said.calendar }] as const
        const written = writtenInto(entryText(inventoryOf({})), 'a.yml', at)
        expect(written).toHaveProperty('text')
        expect(parseInventory((written as { text: string }).text, 'a.yml')).toEqual(said)
      }),
      { numRuns: runs(20) },
    )
  })
  test.each([
    ['&a\nid: x\nparent: *a\n', 'an alias (*a) stands within what it names'],
    ['id: x\nname: A\nid: y\n', 'agencies, line 3, column 1: this is not YAML: the key id stands twice'],
    [`a: &a 1\nb: [${'*a,'.repeat(200)}]\n`, 'more than 100 aliases'],
    ['['.repeat(50_000), 'this is not YAML'],
  ])('what has no end, or too much of it, is refused in a sentence, in a file too (%#)', (text, sentence) => {
    expect(() => parseEntry(text, 'agencies')).toThrow(sentence)
    expect(() => parseInventory(text, 'a.yml')).toThrow(/^a\.yml:\d+:\d+: this is not YAML: /)
  })
  test('of every entry of the seed: read again it is the same', () => {
    const said = parseInventory(seed, 'inventory.yml')
    for (const { kind, key, entry } of entriesOf(said).values()) {
      const again = parseEntry(entryText(entry), placeText({ kind, key }))
      expect(isList(kind) ? ENTRY[kind].parse(again) : schema.shape[kind].parse(again)).toEqual(entry)
    }
  })
  test.each([
    ['id: [', /^agencies, line 1, column \d+: this is not YAML: /],
    ['so-y-te', /^agencies: write its fields/],
  ])('%s is refused', (text, sentence) => expect(() => parseEntry(text, 'agencies')).toThrow(sentence))
})

test.each([
  [
    'planned: [{ id: v, ...W, who: A }, { id: v, ...W, who: B }]',
    'planned[1].id is "v", expected an id that is not taken already',
  ],
  [
    'networks: [{ cidr: 10.0.0.0/8, name: A, valid_to: 2020-01-01 }, { cidr: 10.0.0.0/8, name: B }]',
    'networks[1].cidr is "10.0.0.0/8", expected a network and first day (valid_from) that is not taken already',
  ],
])('entries that have the same key are refused, for one of them would be lost: %.40s', (list, sentence) => {
  const text = `${entryText(inventoryOf({}))}${list.replaceAll(
    '...W',
    'why: x, source: s, from: 2030-01-01T01:00Z, to: 2030-01-01T02:00Z',
  )}\n`
  expect(() => parseInventory(text, 'a.yml')).toThrow(sentence)
})

describe('tables', () => {
  const said = parseInventory(seed, 'inventory.yml')
  test.each(LIST_KINDS)('%s: out and in again they are the same', (kind) => {
    const text = toCsv(said, kind)
    expect(text.startsWith('\uFEFF')).toBe(true)
    const rows = fromCsv(text, 'x.csv', kind)
    expect(checkedInventory({ ...said, [kind]: rows })[kind]).toEqual(said[kind])
  })
  test('words that hold what parts words come back as they were', () => {
    const word = fc.stringMatching(/^[a-b;[\], "]{0,4}[a-b;[\]]$/)
    fc.assert(
      fc.property(fc.uniqueArray(word, { maxLength: 3 }), (talks_to) => {
        const system = ENTRY.systems.parse({ id: 's', name: 'S', owner: 'tinh', talks_to })
        const known = withEntries(inventoryOf({}), [{ kind: 'systems', key: 's', entry: system }])
        const rows = fromCsv(toCsv(known, 'systems'), 'x.csv', 'systems')
        expect(ENTRY.systems.parse(rows[0])).toEqual(system)
      }),
      { numRuns: runs(100) },
    )
  })
  test('what a table has no column for stays as it is; an empty cell takes out', () => {
    const [agency] = said.agencies.filter(({ contacts }) => contacts.length > 0)
    const text = `id,name,kind,short\n${agency!.id},Tên mới,${agency!.kind},\nmoi,Mới,commune,M\n`
    const rows = besideColumns(said, 'agencies', fromCsv(text, 'x.csv', 'agencies'), headerOf(text))
    const { short: _, ...rest } = agency!
    expect(rows).toEqual([
      { ...rest, name: 'Tên mới' },
      { id: 'moi', name: 'Mới', kind: 'commune', short: 'M' },
    ])
  })
  test('as a spreadsheet writes them: semicolons, quotes, yes in Vietnamese', () => {
    const text = 'id;name;kind;steering\nso-a;"Sở ""A""; văn phòng";department;Có\n'
    expect(fromCsv(text, 'x.csv', 'agencies')).toEqual([
      { id: 'so-a', name: 'Sở "A"; văn phòng', kind: 'department', steering: true },
    ])
  })
  test.each([
    [
      'id,name,kind\nso-a,Sở A,department\nSo-B,Sở B,department\n',
      'x.csv:3: id is "So-B", expected a lower-case id such as so-y-te',
    ],
    ['id,name,kind\nso-a,Sở A,sở\n', 'x.csv:2: kind is "sở", expected '],
    ['id,ten\nso-a,Sở A\n', 'x.csv:1: agencies have no column "ten": the columns are id, code, name'],
    ['id,name,kind,contacts\nso-a,Sở A,department,Nguyễn\n', 'x.csv:2: contacts is "Nguyễn", expected JSON'],
    ['id,id,name\nso-a,so-b,Sở A\n', 'the column "id" stands twice'],
    ['id,name\nso-a,Sở A,x\n', 'x.csv:2: this is no table of comma-separated values: '],
  ])('%j is told at its line', (text, sentence) => {
    expect(() => fromCsv(text, 'x.csv', 'agencies')).toThrow(sentence)
  })
})
