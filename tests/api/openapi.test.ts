/** What the API says of itself: strict schemas, a document that is one, a page to read it, and a client that is generated from it. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { Validator } from '@seriousme/openapi-schema-validator'
import openapiTS, { astToString } from 'openapi-typescript'
import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Env } from '../../api/context.ts'
import { refusalsOf } from '../../api/openapi.ts'
import type { Operation } from '../../api/schema/operation.ts'
import { signIn, signOut } from '../../api/schema/session.ts'
import { does, operationsIn } from '../../api/does.ts'
import { listRules } from '../../api/schema/rules.ts'
import { attack, type Console, OURS, openConsole, type Person, THEIRS } from './console.ts'

/** The server answers in this process meanwhile. */
const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FOLDER = new URL('../../api/schema/', import.meta.url)

/** Where in a schema something is not said: any, unknown, objects that let through what they do not name. */
const loose = (schema: z.core.$ZodType, path: string, seen = new Set<unknown>()): string[] => {
  if (seen.has(schema)) return []
  seen.add(schema)
  const { def } = schema._zod as unknown as { def: Record<string, unknown> & { type: string } }
  const wrong: string[] = []
  if (['any', 'unknown', 'custom'].includes(def.type)) wrong.push(`${path}: ${def.type}`)
  if (def.type === 'object' && (def['catchall'] as z.core.$ZodType | undefined)?._zod.def.type !== 'never')
    wrong.push(`${path}: an object that is not strict`)
  const under = (value: unknown, name: string): string[] => {
    if (value instanceof z.core.$ZodType) return loose(value, `${path}.${name}`, seen)
    if (Array.isArray(value)) return value.flatMap((each, i) => under(each, `${name}.${i}`))
    return name === 'shape' || name === ''
      ? Object.entries(value as object).flatMap(([key, each]) => under(each, key))
      : []
  }
  for (const [name, value] of Object.entries(def)) wrong.push(...under(value, name))
  // Of a lazy one the inside is made when it is asked for.
  if (def.type === 'lazy') wrong.push(...loose((def['getter'] as () => z.core.$ZodType)(), path, seen))
  return wrong
}

describe('schemas', () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.ts'))
  test.each(files)('%s lets nothing through unsaid', async (file) => {
    const module = (await import(new URL(file, FOLDER).href)) as Record<string, unknown>
    const wrong = Object.entries(module).flatMap(([name, value]) => {
      if (value instanceof z.core.$ZodType) return loose(value, name)
      if (typeof value !== 'object' || value === null) return []
      return Object.entries(value).flatMap(([key, each]) =>
        each instanceof z.core.$ZodType ? loose(each, `${name}.${key}`) : [],
      )
    })
    expect(wrong).toEqual([])
  })
  test('the walk sees what it should', () => {
    for (const schema of [
      z.object({ a: z.string() }),
      z.looseObject({}),
      z.strictObject({ a: z.array(z.unknown()).optional() }),
      z.strictObject({ a: z.union([z.string(), z.record(z.string(), z.any())]) }),
      z
        .string()
        .transform((text) => text)
        .pipe(z.any()),
      z.lazy(() => z.unknown()),
    ])
      expect(loose(schema, 'x')).not.toEqual([])
    expect(loose(z.strictObject({ a: z.record(z.string(), z.array(z.number())) }), 'x')).toEqual([])
  })
})

let console_: Console
let person: Person
// biome-ignore lint/suspicious/noExplicitAny: the standard's own shape; the validator looks at it
let document: any

beforeAll(async () => {
  console_ = await openConsole()
  for (const { host, source, path } of [OURS, THEIRS]) await console_.take(source, [attack(host, path)])
  person = await console_.person('analyst')
  document = (await person.get('/openapi.json')).body
})
afterAll(() => console_.close())

test('the document is OpenAPI 3.1', async () => {
  const validator = new Validator()
  const { valid, errors } = await validator.validate(structuredClone(document))
  expect({ valid, errors }).toEqual({ valid: true, errors: undefined })
  expect(validator.version).toBe('3.1')
  // The validator would say it.
  const wrong = structuredClone(document)
  wrong.paths['/api/alerts'].get.responses = { 200: {} }
  expect((await new Validator().validate(wrong)).valid).toBe(false)
})

test('every route of /api is in it, with its permission, refusals and a session', () => {
  const registered = console_.running.routes.flatMap(({ method, path, operation }) =>
    operation ? [`${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`] : [],
  )
  const described = Object.entries(document.paths as Record<string, object>).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect(described.sort()).toEqual([...registered, 'POST /api/auth/sign-in/username', 'POST /api/auth/sign-out'].sort())
  expect(registered.length).toBeGreaterThan(35)
  const { get } = document.paths['/api/alerts']
  expect(get).toMatchObject({ operationId: 'listAlerts', tags: ['alerts'] })
  expect(Object.keys(get.responses)).toEqual(['200', '400', '401', '403', '500', '503'])
  expect(get.responses['503'].content['application/json'].schema).toEqual({ $ref: '#/components/schemas/Failure' })
  expect(get.parameters.find(({ name }: { name: string }) => name === 'limit')).toMatchObject({
    in: 'query',
    schema: { type: 'integer', minimum: 1, maximum: 500 },
  })
  expect(get.parameters.find(({ name }: { name: string }) => name === 'sort').schema).toMatchObject({
    enum: ['severity', 'newest', 'oldest', 'count'],
    default: 'severity',
  })
  expect(document.components.securitySchemes.session).toMatchObject({ in: 'cookie', name: person.cookie.split('=')[0] })
})

test('a route that does no operation ends the start', () => {
  const routes = new Hono<Env>()
    .get('/api/a', does(listRules), (c) => c.json({}))
    .use('/api/*', async (_, next) => next())
  expect(operationsIn(routes.routes).map(({ path }) => path)).toEqual(['/api/a'])
  routes.get('/api/b', (c) => c.json({}))
  expect(() => operationsIn(routes.routes)).toThrow('GET /api/b has no operation: give it one of api/schema')
})

test('the page names every operation and shape, without a script, and nobody reads it unseen', async () => {
  const { status, text, headers } = await person.get('/docs')
  expect(status).toBe(200)
  expect(headers.get('content-type')).toMatch(/^text\/html/)
  for (const item of Object.values(document.paths as Record<string, Record<string, { operationId: string }>>))
    for (const { operationId } of Object.values(item)) expect(text).toContain(`id="${operationId}"`)
  const targets = new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))
  const wanted = [...text.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id!)
  expect(wanted.length).toBeGreaterThan(50)
  expect(wanted.filter((id) => !targets.has(id))).toEqual([])
  expect(text).not.toMatch(/<script|javascript:|https?:\/\/(?!www\.w3\.org)|\[object|undefined/)
  for (const path of ['/docs', '/openapi.json']) expect((await console_.anybody.get(path)).status).toBe(401)
})

test('signing in and out answers and refuses as its operations say', async () => {
  const password = 'mat-khau-cua-cua'
  await console_.running.auth!.add({ username: 'cua', name: 'Cửa', role: 'manager', organizations: [] }, password)
  const door = async (operation: Operation, path: string, body: object, headers?: Record<string, string>) => {
    const answer = await console_.anybody.post(`/auth/${path}`, body, headers)
    if (answer.status !== 200) expect(refusalsOf(operation)).toContain(answer.status)
    const schema = answer.status === 200 ? operation.answer : operation.failure!
    expect(schema.safeParse(answer.body).error, answer.text).toBeUndefined()
    return answer.status
  }
  const enter = (body: object, headers?: Record<string, string>) => door(signIn, 'sign-in/username', body, headers)
  // The second time the first is told of.
  for (let i = 0; i < 2; i++) expect(await enter({ username: 'cua', password })).toBe(200)
  expect(await enter({ username: 'cua', password: 'sai' })).toBe(401)
  expect(await enter({ username: 5 })).toBe(400)
  expect(await enter({ username: 'cua', password }, { 'sec-fetch-site': 'cross-site' })).toBe(403)
  for (let i = 0; i < 12; i++) await enter({ username: 'analyst-1', password: 'sai' })
  expect(await enter({ username: 'analyst-1', password: 'sai' })).toBe(429)
  expect(await door(signOut, 'sign-out', {}, { cookie: person.cookie })).toBe(200)
})

test('a generated client signs in and lists alerts, and its types refuse what the API would', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vonglau-client-'))
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(folder, 'api.ts'), astToString(await openapiTS(structuredClone(document))))
    writeFileSync(
      join(folder, 'client.ts'),
      `import createClient from 'openapi-fetch'
import type { components, paths } from './api.ts'

export const list = async (baseUrl: string, username: string, password: string) => {
  const client = createClient<paths>({ baseUrl, headers: { origin: baseUrl } })
  const session = await client.POST('/api/auth/sign-in/username', { body: { username, password } })
  const cookie = session.response.headers.getSetCookie().map((each) => each.split(';')[0]).join('; ')
  const { data, error } = await client.GET('/api/alerts', {
    headers: { cookie },
    params: { query: { level: 'high,critical', sort: 'newest', limit: 10 } },
  })
  if (error) throw new Error(error.error.message)
  const first: components['schemas']['AlertRow'] | undefined = data.items[0]
  const levels: ('critical' | 'high' | 'medium' | 'low' | 'informational')[] = data.items.map(({ rule }) => rule.level)
  return { total: data.total, levels, agency: first?.organization?.name }
}
export const refused = async (baseUrl: string) => {
  const client = createClient<paths>({ baseUrl })
  // @ts-expect-error: there is no such order
  const { error } = await client.GET('/api/alerts', { params: { query: { sort: 'loudest' } } })
  // @ts-expect-error: nor such a route
  await client.GET('/api/nothing', {})
  return error?.error.code
}
`,
    )
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'ES2024',
          lib: ['ES2024', 'DOM', 'DOM.Iterable'],
          module: 'NodeNext',
          strict: true,
          noEmit: true,
          allowImportingTsExtensions: true,
          skipLibCheck: true,
          types: ['node'],
        },
        include: ['*.ts'],
      }),
    )
    try {
      await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder], { cwd: folder })
    } catch (error) {
      throw new Error((error as { stdout: string }).stdout)
    }
    await console_.running.auth!.add(
      { username: 'may-khach', name: 'Máy khách', role: 'analyst', organizations: [] },
      'mat-khau-cua-may',
    )
    const program = `const { list, refused } = await import(${JSON.stringify(pathToFileURL(join(folder, 'client.ts')).href)})
      const url = ${JSON.stringify(console_.running.url)}
      console.log(JSON.stringify([await list(url, 'may-khach', 'mat-khau-cua-may'), await refused(url)]))`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { cwd: folder })
    const [listed, code] = JSON.parse(stdout) as [{ total: number; levels: string[]; agency: string }, string]
    expect(listed.total).toBeGreaterThanOrEqual(2)
    expect(new Set(listed.levels)).toEqual(new Set(['high']))
    expect(listed.agency).toMatch(/^Sở /)
    expect(code).toBe('signed_out')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
