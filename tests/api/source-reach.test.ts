/** A person at the console names only files in folders that the machine's own configuration opens. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { aroundOf, readConfig } from '../../api/config.ts'
import { checkReach } from '../../api/source-reach.ts'
import { readSource } from '../../api/source-text.ts'

const folder = mkdtempSync(join(tmpdir(), 'reach-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
writeFileSync(
  join(folder, 'vonglau.yml'),
  `files: [/srv/iis, logs-khac]
sources:
  - { id: web-01, parser: nginx_access, file: { path: logs/web.log } }
  - { id: web-02, parser: nginx_access, file: { path: /data/nginx/*/access.log } }
  - { id: goc, parser: nginx_access, file: { path: /goc.log } }
`,
)
const config = readConfig(join(folder, 'vonglau.yml'), {})
const check = (path: string, before?: string) => () =>
  checkReach(
    readSource(`id: web-01\nparser: nginx_access\nfile: { path: ${JSON.stringify(path)} }\n`, aroundOf(config), 'it')
      .source,
    config,
    before,
  )

describe('taken', () => {
  test.each([
    '/var/log/nginx/access.log',
    '/var/log/*.log',
    '/srv/iis/u_ex*.log',
    '/srv/iis/W3SVC1/u_ex*.log',
    '/data/nginx/xa-an-phu/access.log',
    'logs/khac.log',
    'logs-khac/a.log',
  ])('%s', (path) => {
    expect(check(path)).not.toThrow()
  })
  test('what it was before, wherever that is', () => {
    expect(check('/etc/shadow', '/etc/shadow')).not.toThrow()
  })
})
describe('refused', () => {
  test.each([
    '/etc/shadow',
    '/etc/*',
    '/*',
    '/*/shadow',
    '/goc2.log',
    '/srv/iis-khac/a.log',
    '/data/a.log',
    'vonglau.yml',
  ])('%s', (path) => {
    expect(check(path)).toThrow(
      /lies in none of the folders .*\/var\/log, \/srv\/iis, .* add its folder under files: in .*vonglau\.yml|write the path without "\.\."/,
    )
  })
  test.each(['/var/log/../../etc/shadow', '/var/log/*/../x.log'])('%s', (path) => {
    expect(check(path)).toThrow('write the path without ".."')
  })
  test.each([
    '/srv/{iis,../etc}/shadow',
    '/var/log/{a,../../etc/shadow}',
    '/var/log/{.,x}{.,x}/{.,x}{.,x}/etc/hostname',
    '/var/log/[.][.]/[.][.]/etc/hostname',
    '/var/log/+(.)/x',
  ])('%s', (path) => {
    expect(check(path)).toThrow('only * and ? stand for several characters')
  })
  test('a link that leads out of a folder', () => {
    mkdirSync(join(folder, 'logs'))
    mkdirSync(join(folder, 'bi-mat'))
    symlinkSync('../bi-mat', join(folder, 'logs/d'))
    expect(check('logs/d/khoa')).toThrow('lies in none of the folders')
    expect(check('logs/e/web.log')).not.toThrow()
  })
})
