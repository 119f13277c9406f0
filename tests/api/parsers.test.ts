/** Parsers of one's own from the command line and the configuration: begun, tested, read by a source, refused with file and line. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newParser, testParser } from '../../api/commands/parsers.ts'
import { readConfig, rereadConfig } from '../../api/config.ts'
import { needRestart, sourcesDifference } from '../../api/reloaded.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vonglau-parsers-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('what new writes is read, and is held to what is expected of it', () => {
  const log = join(folder, 'thiet-bi.txt')
  writeFileSync(log, '2026-05-14 09:30:01 INFO client=2001:db8::7 user=lan status=403 từ chối\n')
  expect(newParser(folder, 'thiet_bi', log).join('\n')).toContain('vonglau parsers test thiet_bi')
  expect(() => newParser(folder, 'thiet_bi', log)).toThrow(/is there already/)
  expect(() => newParser(folder, 'Thiết bị', log)).toThrow(/:2:5: id: expected small letters/)
  const file = join(folder, 'thiet_bi.yml')
  const first = testParser(file, 'Asia/Ho_Chi_Minh', false)
  expect(first.ok).toBe(false)
  expect(first.lines.join('\n')).toMatch(/"ip":"2001:db8::7"[\s\S]*1 events of 1 lines, 0 not understood/)
  expect(testParser(file, 'Asia/Ho_Chi_Minh', true).ok).toBe(true)
  writeFileSync(file, readFileSync(file, 'utf8').replace('user.name', 'user.id'))
  const other = testParser(file, 'Asia/Ho_Chi_Minh', false)
  expect(other.ok).toBe(false)
  expect(other.lines.join('\n')).toMatch(/ {2}- .*"name":"lan"[\s\S]* {2}\+ .*"id":"lan"[\s\S]*1 other than/)
})
test('a source reads by it; a change is one of the source, and needs no restart; a wrong file is refused', () => {
  newParser(join(folder, 'parsers'), 'thiet_bi', undefined)
  const path = join(folder, 'vonglau.yml')
  writeFileSync(path, 'parsers: parsers\nsources:\n  - { id: a, parser: thiet_bi, file: { path: a.log } }\n')
  const config = readConfig(path, {})
  expect(config.sources[0]).toMatchObject({ parser: 'thiet_bi', described: { id: 'thiet_bi' } })
  const file = join(folder, 'parsers', 'thiet_bi.yml')
  writeFileSync(file, readFileSync(file, 'utf8').replace('event.category: [web]', 'event.category: [api]'))
  const next = rereadConfig(config)
  expect(sourcesDifference(config.sources, next.sources).changed).toEqual(['a'])
  expect(needRestart(config, next)).toEqual([])
  writeFileSync(file, readFileSync(file, 'utf8').replace('source.ip>', 'sourc.ip>'))
  expect(() => rereadConfig(config)).toThrow(
    /parsers\/thiet_bi\.yml:\d+:\d+: read\.0\.pattern: sourc\.ip is no field of ECS \(is source\.ip meant\?\)/,
  )
  writeFileSync(path, 'sources:\n  - { id: a, parser: thiet_bi, file: { path: a.log } }\n')
  expect(() => readConfig(path, {})).toThrow(/vonglau\.yml:2: sources\[0\]\.parser.*one of fortinet_fortigate/s)
})
