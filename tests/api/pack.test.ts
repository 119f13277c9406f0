/** Packs of rules: what is not signed by a trusted key, was changed on its way, or does not go with what is there, writes nothing. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { unpack, writeKeys, writePack } from '../../api/commands/pack.ts'
import { readConfig } from '../../api/config.ts'
import { makePack, readKey } from '../../rules/pack.ts'

const folder = mkdtempSync(join(tmpdir(), 'pack-'))
const at = (...path: string[]) => join(folder, ...path)
const rule = (id: string, path = '/a') =>
  `title: ${id}\nid: ${id}\nlevel: low\ndetection: { s: { url.path: ${path} }, condition: s }\n`
const config = readConfig(undefined, { VONGLAU_DATA: at('data') })
const MADE = Date.UTC(2026, 10, 1)
const pack = (from: string, made = MADE, to = at('a.vlpack')) =>
  writePack(config, from, {
    to,
    key: at('key'),
    name: 'tinh',
    by: 'an',
    made,
    versionOf: () => ({ n: 3, at: 1, by: 'an', reason: 'công văn 214' }),
  })
const take = (
  options: { force?: boolean; check?: boolean; trust?: string[]; to?: string } = {},
  file = at('a.vlpack'),
) => unpack(config, file, { to: at('to'), trust: [at('key.pub')], ...options })
const what = () =>
  readdirSync(at('to'), { recursive: true })
    .map(String)
    .filter((name) => /yml|ndjson/.test(name))
    .sort()
const listed = () => (existsSync(at('to')) ? what() : [])
beforeAll(() => {
  mkdirSync(at('from', 'web'), { recursive: true })
  writeFileSync(at('from', 'mot.yml'), rule('mot'))
  writeFileSync(at('from', 'mot.events.ndjson'), '{}\n')
  writeFileSync(at('from', 'web', 'hai.yml'), rule('hai'))
  expect(writeKeys(at('key'))).toHaveLength(2)
  writeKeys(at('other'))
  expect(() => writeKeys(at('key'))).toThrow('is there already: a key is never written over')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A pack whose archive somebody has changed. */
const changed = (change: (archive: { manifest: string; signature: string; files: Record<string, string> }) => void) => {
  const archive = JSON.parse(gunzipSync(readFileSync(at('a.vlpack'))).toString('utf8'))
  change(archive)
  writeFileSync(at('b.vlpack'), gzipSync(JSON.stringify(archive)))
  return at('b.vlpack')
}

test('a pack is checked before anything is written', () => {
  expect(pack(at('from'))[0]).toMatch(/2 files of rules, signed by [0-9a-f ]+$/)
  const refused: [() => unknown, RegExp][] = [
    [() => take({ trust: [at('other.pub')] }), /is not signed by a key that you trust/],
    [() => take({ trust: [at('from', 'mot.yml')] }), /mot.yml is no public key of Ed25519/],
    [() => take({}, at('from', 'mot.yml')), /is no pack of rules/],
    [
      () =>
        take(
          {},
          changed((it) => void (it.files['mot.yml'] = rule('mot', '/b'))),
        ),
      /mot.yml is not what was signed/,
    ],
    [
      () =>
        take(
          {},
          changed((it) => void delete it.files['mot.yml']),
        ),
      /mot.yml is not what was signed/,
    ],
    [
      () =>
        take(
          {},
          changed((it) => void (it.manifest = it.manifest.replace('tinh', 'khac'))),
        ),
      /not signed by a key/,
    ],
    [
      () =>
        take(
          {},
          changed((it) => void (it.signature = '')),
        ),
      /not signed by a key/,
    ],
  ]
  for (const [work, sentence] of refused) {
    expect(work).toThrow(sentence)
    expect(listed()).toEqual([])
  }
  // A bomb is no pack; nor does one lead out of its folder, whoever has signed it.
  writeFileSync(at('b.vlpack'), gzipSync(Buffer.alloc(70 * 1024 * 1024)))
  expect(() => take({}, at('b.vlpack'))).toThrow('is no pack of rules')
  const key = readKey(readFileSync(at('key'), 'utf8'), 'key', 'private')
  for (const path of ['../x.yml', '/x.yml', 'a/../../x.yml', '.x.yml', 'x.sh', 'a\\x.yml', '__proto__/../x.yml'])
    expect(() => makePack({ name: 'a', made: 1, by: 'an' }, [{ path, text: rule('x') }], key), path).toThrow()
})

test('it travels with versions, is written as a whole, and says what was changed here', () => {
  expect(take({ check: true }).at(-1)).toBe('nothing was written')
  expect(listed()).toEqual([])
  const lines = take()
  expect(lines.join('\n')).toContain('mot.yml: version 3 there, by an: công văn 214')
  expect(what()).toEqual(['mot.events.ndjson', 'mot.yml', 'web/hai.yml'])
  expect(take()[0]).toMatch(/0 files new or changed, 0 gone, 3 as before/)

  // A newer one: what is gone there goes here.
  rmSync(at('from', 'web'), { recursive: true })
  writeFileSync(at('from', 'mot.yml'), rule('mot', '/b'))
  pack(at('from'), MADE + 1000, at('c.vlpack'))
  writeFileSync(at('to', 'mot.yml'), rule('mot', '/cua-minh'))
  expect(() => take({}, at('c.vlpack'))).toThrow(/mot.yml of .* was changed here: say --force/)
  expect(what()).toEqual(['mot.events.ndjson', 'mot.yml', 'web/hai.yml'])
  take({ force: true }, at('c.vlpack'))
  expect([what(), readFileSync(at('to', 'mot.yml'), 'utf8')]).toEqual([
    ['mot.events.ndjson', 'mot.yml'],
    rule('mot', '/b'),
  ])
  // Back only where somebody says so.
  expect(() => take()).toThrow(/is older .* say --force to go back/)

  // What does not go with the rules here is told with its place; a link is not followed.
  writeFileSync(at('to', 'cua-minh.yml'), rule('ba'))
  writeFileSync(at('from', 'ba.yml'), rule('ba'))
  pack(at('from'), MADE + 2000, at('d.vlpack'))
  expect(() => take({}, at('d.vlpack'))).toThrow(
    /do not go with those here:\ncua-minh.yml: the id "ba" is that of ba.yml too/,
  )
  rmSync(at('to', 'cua-minh.yml'))
  symlinkSync(at('elsewhere.yml'), at('to', 'ba.yml'))
  expect(() => take({}, at('d.vlpack'))).toThrow(/ba.yml is a link: nothing is unpacked through it/)
  expect(existsSync(at('elsewhere.yml'))).toBe(false)
  // Nothing with a mistake is packed.
  writeFileSync(at('from', 'ba.yml'), rule('ba').replace('low', 'lwo'))
  expect(() => pack(at('from'))).toThrow(/nothing is packed while a rule has a mistake: .*ba.yml:3:1: level is "lwo"/)
})
