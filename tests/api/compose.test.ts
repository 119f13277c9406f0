/** compose.yml names what there is: it cannot be run here, for that takes a container engine. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { readConfig, SERVER_ROLES } from '../../api/config.ts'
import { openPlace } from '../faults/place.ts'

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
interface Service {
  readonly image: string
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly command?: readonly string[]
  readonly environment?: Record<string, string>
  readonly volumes?: readonly string[]
  readonly depends_on?: object
}
const compose = parse(readFileSync(root('compose.yml'), 'utf8'), { merge: true }) as {
  readonly services: Record<string, Service>
  readonly configs: { readonly role: { readonly content: string } }
  readonly volumes: object
}
const services = Object.values(compose.services)
const role = JSON.parse(readFileSync(root('tests/servers/role.json'), 'utf8')) as object

test('three nodes, two ingest, two api, one detect and one standing by, with their own data', () => {
  const running = SERVER_ROLES.map((name) => services.filter(({ command }) => command?.at(-1) === name).length)
  expect(Object.fromEntries(SERVER_ROLES.map((name, i) => [name, running[i]]))).toEqual({
    ingest: 2,
    detect: 2,
    api: 2,
  })
  expect(services.filter(({ environment }) => environment?.['node.name']).length).toBe(3)
  const volumes = services.flatMap(({ volumes }) => volumes ?? []).map((each) => each.split(':'))
  const data = volumes
    .filter(([, at]) => at === '/data' || at === '/usr/share/elasticsearch/data')
    .map(([name]) => name)
  expect(new Set(data).size).toBe(data.length)
  expect(data.length).toBe(9)
  for (const [name] of volumes) if (!name!.startsWith('.')) expect(Object.keys(compose.volumes)).toContain(name)
})

test('what it sets is a configuration', async () => {
  const place = openPlace()
  const path = place.write('vonglau.yml', 'sources: []\n')
  for (const { image, environment, build } of services.filter(({ image }) => image === 'vonglau')) {
    expect(readFileSync(root(build!.dockerfile), 'utf8'), image).toContain('ENTRYPOINT')
    const config = readConfig(path, { ...environment, VONGLAU_DATA: '/data', VONGLAU_LISTEN: '0.0.0.0:8420' })
    expect(config.store).toBe('elasticsearch')
    expect(config.elasticsearch.nodes).toEqual(['https://es1:9200', 'https://es2:9200', 'https://es3:9200'])
    expect(config.elasticsearch).toMatchObject({ user: 'vonglau', ca: '/certs/ca/ca.crt' })
  }
  await place.remove()
})

test('the role there and in the README is the one that the tests run with', () => {
  expect(JSON.parse(compose.configs.role.content)).toEqual(role)
  const [, inReadme] = /```json\n(\{\s+"cluster"[\s\S]*?)```/.exec(readFileSync(root('README.md'), 'utf8')) ?? []
  expect(JSON.parse(inReadme ?? 'null')).toEqual(role)
})
