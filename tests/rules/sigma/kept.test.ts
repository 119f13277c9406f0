/** What the catalog says is kept from one start to the next, and never said otherwise than its texts say it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { CATALOG, ruleFiles } from '../../../rules/load.ts'
import { openKept } from '../../../rules/sigma/kept.ts'
import { parseSigma, valuesOf } from '../../../rules/sigma/parse.ts'

const folder = mkdtempSync(join(tmpdir(), 'vonglau-kept-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const texts = ruleFiles(CATALOG).map((file) => ({ file, yaml: readFileSync(file, 'utf8') }))
const keepAll = (): void => {
  const kept = openKept(folder)
  for (const { file, yaml } of texts) kept.of(yaml, file)
  kept.keep()
}
const all = (path = folder) => {
  const kept = openKept(path)
  return texts.map(({ file, yaml }) => kept.of(yaml, file))
}
const said = texts.map(({ file, yaml }) => valuesOf(yaml, file))
const theFile = (): string => join(folder, readdirSync(folder)[0]!)

describe('what the catalog says', () => {
  it('is the same from the file', () => {
    keepAll()
    expect(readdirSync(folder)).toHaveLength(1)
    expect(all()).toEqual(said)
  })
  it('is not read again', () => {
    keepAll()
    const [{ yaml, file }] = texts as [(typeof texts)[0]]
    const before = openKept(folder).of(yaml, file)
    expect(before).toEqual(said[0])
    // A text that is not YAML says nothing by itself; where one was kept of the same hash, it would: this is of another.
    expect(() => openKept(folder).of('a: [', 'rule.yml')).toThrow('rule.yml:1:5: this is not YAML')
  })
  it.each([
    ['cut', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1)],
    ['empty', () => Buffer.alloc(0)],
    ['with a byte turned', (bytes: Buffer) => Buffer.from(bytes.map((byte, i) => (i === 500 ? byte ^ 1 : byte)))],
    ['with another hash', (bytes: Buffer) => Buffer.from(bytes.map((byte, i) => (i === 3 ? byte ^ 1 : byte)))],
  ])('is read from the texts where the file is %s, and the file mended', (_, damage) => {
    keepAll()
    writeFileSync(theFile(), damage(readFileSync(theFile())))
    expect(all()).toEqual(said)
    keepAll()
    expect(all()).toEqual(said)
  })
  it('is read where nothing can be kept', () => {
    const kept = openKept(join(folder, 'none', 'such'))
    expect(texts.map(({ file, yaml }) => kept.of(yaml, file))).toEqual(said)
    expect(() => kept.keep()).not.toThrow()
  })
  it('has its places, though it was not read', () => {
    const yaml =
      '# a remark\n---\ntitle: t\nlevel: hihg\nlogsource: { category: webserver }\ndetection:\n  s: { a: b }\n  condition: s\n'
    const values = valuesOf(yaml, 'rule.yml')
    const messageOf = (act: () => unknown): string => {
      try {
        act()
        return 'nothing'
      } catch (error) {
        return (error as Error).message
      }
    }
    expect(messageOf(() => parseSigma(yaml, 'rule.yml', values))).toMatch(/^rule\.yml:4:\d+: level is "hihg"/)
    expect(messageOf(() => parseSigma(yaml, 'rule.yml', values))).toBe(messageOf(() => parseSigma(yaml, 'rule.yml')))
  })
})
