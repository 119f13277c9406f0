/**
 * Makes `before-systems.tar.gz`: the data folder of an installation as the program wrote it at commit 17b4503, when a shared
 * system was an agency of kind `system`, and so was the data centre that runs them.
 *
 *   git archive 17b4503 | tar -x -C OLD        (and node_modules beside it)
 *   node tests/api/upgrade/make-systems.ts OLD tests/api/upgrade/before-systems.tar.gz
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const [old, out] = process.argv.slice(2)
if (old === undefined || out === undefined) throw new Error('name the old program’s folder and the archive to write')

const INVENTORY = `province: { id: tinh, name: Tỉnh, timezone: Asia/Ho_Chi_Minh }
agencies:
  - { id: ubnd, name: UBND tỉnh, kind: committee }
  - { id: so-tttt, name: Sở TTTT, kind: department, parent: ubnd }
  - { id: trung-tam-du-lieu, name: Trung tâm dữ liệu, kind: system, parent: so-tttt }
  - { id: dich-vu-cong, name: Dịch vụ công, kind: system, parent: trung-tam-du-lieu }
  - { id: so-y-te, name: Sở Y tế, kind: department, parent: ubnd }
portals:
  - { id: dvc, domain: dvc.example, name: Cổng dịch vụ công, organization: dich-vu-cong, addresses: [203.0.113.10] }
  - { id: yte, domain: yte.example, name: Cổng Sở Y tế, organization: so-y-te, addresses: [203.0.113.11] }
`
const SETTINGS = `listen: 127.0.0.1:0
inventory: inventory.yml
data: data
sources:
  - { id: iis-dvc, parser: nginx_access, organization: dich-vu-cong, http: { token: token-cua-iis-dvc-1 } }
  - { id: proxy, parser: nginx_access, serves: [203.0.113.10, 203.0.113.11], http: { token: token-cua-proxy-01 } }
`
/** 13:00 of a working day in the province. */
const BEGIN = Date.UTC(2026, 10, 20, 6)
const MINUTE = 60_000

const folder = mkdtempSync(join(tmpdir(), 'vonglau-before-'))
writeFileSync(join(folder, 'inventory.yml'), INVENTORY)
writeFileSync(join(folder, 'vonglau.yml'), SETTINGS)
const { readConfig } = await import(join(resolve(old), 'api/config.ts'))
const { startServer } = await import(join(resolve(old), 'api/server.ts'))
let now = BEGIN
const running = await startServer(readConfig(join(folder, 'vonglau.yml'), {}), {
  clock: () => now,
  say: () => {},
  warn: console.error,
  wait: 5,
  poll: 20,
})

const two = (n: number) => String(n).padStart(2, '0')
const attack = (host: string, at: number, ip: string): string => {
  const t = new Date(at)
  return `${host} ${ip} - - [${two(t.getUTCDate())}/Nov/2026:${two(t.getUTCHours())}:${two(t.getUTCMinutes())}:${two(t.getUTCSeconds())} +0000] "GET /tin?id=1%27%20UNION%20SELECT%20user,password%20FROM%20users--%20- HTTP/1.1" 200 512 "-" "Mozilla/5.0"`
}
const take = async (source: string, lines: string[]) => {
  await running.installation.ingest.accept(
    source,
    lines.map((line) => Buffer.from(line)),
    '127.0.0.1',
  )
  await running.installation.ingest.drain()
}

// The people of the system's own agency, and of the data centre.
for (const [username, organization] of [
  ['dvc', 'dich-vu-cong'],
  ['ttdl', 'trung-tam-du-lieu'],
  ['tttt', 'so-tttt'],
])
  await running.auth.add(
    { username, name: `Người ${username}`, role: 'analyst', organizations: [organization] },
    `mat-khau-cua-${username}`,
  )
await take('iis-dvc', [attack('dvc.example', BEGIN, '198.51.100.66')])
await take('proxy', [
  attack('dvc.example', BEGIN + 1000, '198.51.100.67'),
  attack('yte.example', BEGIN + 2000, '198.51.100.68'),
])
now = BEGIN + 10 * MINUTE
await running.minute()
await running.stop()
rmSync(join(folder, 'data', 'spool'), { recursive: true, force: true })
execFileSync('tar', ['-czf', resolve(out), '-C', folder, ...readdirSync(folder)])
rmSync(folder, { recursive: true, force: true })
process.exit(0)
