/** How much script a browser fetches before it shows something: pages and charts come when somebody opens them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'

const DIST = join(import.meta.dirname, '../../ui/dist')
const MOST = 200_000

interface Part {
  readonly file: string
  readonly isEntry?: boolean
  readonly imports?: readonly string[]
  readonly dynamicImports?: readonly string[]
}
/** Written by the build that the tests' setup makes. */
const parts = JSON.parse(readFileSync(join(DIST, 'parts.json'), 'utf8')) as { readonly [name: string]: Part }

/** A part with all that it imports before it runs. */
const needed = (names: readonly string[]): ReadonlySet<string> => {
  const all = new Set(names)
  for (const name of all) for (const each of parts[name]!.imports ?? []) all.add(each)
  return all
}
const zipped = (names: ReadonlySet<string>): number =>
  [...names].reduce((sum, name) => sum + gzipSync(readFileSync(join(DIST, parts[name]!.file))).length, 0)

const entry = Object.keys(parts).filter((name) => parts[name]!.isEntry)
const pages = Object.keys(parts).filter((name) => /^pages\/\w+\.svelte$/.test(name))

test('the console is one entry, and its pages are parts of their own', () => {
  expect(entry).toEqual(['index.html'])
  expect(pages.length).toBeGreaterThan(15)
})

test('the first load is at most 200 kB of script, gzipped', () => {
  expect(zipped(needed(entry))).toBeLessThanOrEqual(MOST)
})

test.each(pages)('with the page that is opened first it is too: %s', (page) => {
  expect(zipped(needed([...entry, page]))).toBeLessThanOrEqual(MOST)
})

test('chart.js comes with a chart, not with a page', () => {
  const charts = 'charts/drawn.ts'
  expect(parts[charts]).toBeDefined()
  for (const page of pages) expect([...needed([...entry, page])]).not.toContain(charts)
})
