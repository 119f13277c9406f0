/** The inventory of a province, read from its YAML file. */
import type { z } from 'zod'
import { expectedOf } from '../expected.ts'
import { lineOf } from '../line-of.ts'
import { readYaml } from '../yaml.ts'
import { check } from './check.ts'
import { isList, type Kind, keyOf, type ListKind } from './entries.ts'
import { modern } from './legacy.ts'
import { type Inventory, type Path, type Problem, schema, storedSchema } from './schema.ts'

export type * from './schema.ts'

const pathText = (path: Path): string =>
  path.reduce<string>((out, part) => (typeof part === 'number' ? `${out}[${part}]` : out ? `${out}.${part}` : part), '')

const shown = (value: unknown): string => {
  if (value === undefined) return 'nothing'
  const json = JSON.stringify(value) ?? String(value)
  return json.length > 80 ? `${json.slice(0, 77)}…` : json
}

const at = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (v, part) => (typeof v === 'object' && v !== null ? (v as Record<string, unknown>)[part] : undefined),
    value,
  )

/** Of a place that is one of two things, what the one says that gets further. */
const issuesOf = (issue: z.core.$ZodIssue): z.core.$ZodIssue[] => {
  if (issue.code !== 'invalid_union') return [issue]
  const deepest = [...issue.errors].sort((a, b) => depth(b) - depth(a))[0]
  if (!deepest || depth(deepest) === 0) return [issue]
  return deepest.map((each) => ({ ...each, path: [...issue.path, ...each.path] })) as z.core.$ZodIssue[]
}
const depth = (
  issues: readonly { readonly path: readonly PropertyKey[]; readonly code?: string | undefined }[],
): number => Math.max(0, ...issues.map(({ path, code }) => path.length + (code === 'unrecognized_keys' ? 1 : 0)))

/** As an inventory file says it, from what stands in it. Problems have paths of today's schema. */
const readRaw = (raw: unknown): Inventory | Problem[] => {
  const result = schema.safeParse(raw)
  if (!result.success)
    return result.error.issues.flatMap(issuesOf).flatMap((issue): Problem[] => {
      const path = issue.path as (string | number)[]
      if (issue.code === 'unrecognized_keys')
        return issue.keys.map((key) => ({
          path: [...path, key],
          found: at(raw, [...path, key]),
          expected: `no such key here`,
        }))
      return [{ path, found: at(raw, path), expected: expectedOf(issue).en }]
    })
  const problems = check(result.data)
  return problems.length > 0 ? problems : result.data
}

/**
 * Reads an inventory file. Throws one Error that names file and line, the path, what stands there and what was expected,
 * for each problem found (ten at most).
 */
export const parseInventory = (source: string, file: string): Inventory => {
  const yaml = readYaml(source)
  if ('why' in yaml) throw new Error(`${file}:${yaml.line}:${yaml.col}: this is not YAML: ${yaml.why}`)
  const { document, lines } = yaml
  const { raw, place } = modern(yaml.value)
  const said = readRaw(raw)
  const isEmpty = !Array.isArray(said) && said.agencies.length === 0
  const read = isEmpty ? [{ path: ['agencies'], found: [], expected: 'at least one entry' }] : said
  if (!Array.isArray(read)) return read
  const texts = read.slice(0, 10).map(({ path, ...what }) => {
    const said = place(path)
    return `${file}:${lineOf(document, lines, said)}: ${said.length === 0 ? 'the file ' : ''}${sentence({ path: said, ...what })}`
  })
  const more = read.length > 10 ? [`and ${read.length - 10} more`] : []
  throw new Error([...texts, ...more].join('\n'))
}

const sentence = ({ path, found, expected }: Problem): string =>
  `${pathText(path)} is ${shown(found)}, expected ${expected}`.trim()

/**
 * An inventory put together of entries, read as a file of it would be. Throws one Error that names each problem (ten at
 * most): of an entry of a list by its key, for nobody counts entries.
 */
export const checkedInventory = (raw: unknown): Inventory => {
  const read = readRaw(raw)
  if (!Array.isArray(read)) return read
  const named = read.slice(0, 10).map((problem) => {
    const [kind, nth, ...rest] = problem.path
    if (typeof kind !== 'string' || !isList(kind as Kind) || typeof nth !== 'number') return sentence(problem)
    const entry = at(raw, [kind, nth])
    const key = typeof entry === 'object' && entry !== null ? keyIn(kind as ListKind, entry) : undefined
    return `${kind} ${key ?? `[${nth}]`}: ${sentence({ ...problem, path: rest.length ? rest : [kind] })}`
  })
  throw new Error([...named, ...(read.length > 10 ? [`and ${read.length - 10} more`] : [])].join('\n'))
}
/** Of what is not checked yet: an entry may lack what its key is made of. */
const keyIn = (kind: ListKind, entry: object): string | undefined => {
  try {
    return keyOf(kind, entry)
  } catch {
    return undefined
  }
}

/** Of a province of which nothing is known yet. */
export const emptyInventory = (): Inventory =>
  schema.parse({ province: { id: 'tinh', name: 'Tỉnh', timezone: 'Asia/Ho_Chi_Minh' }, agencies: [] })

/** An inventory that was stored, maybe by a version before, as that of today; what is checked was checked when it was read. */
export const upgradedInventory = (stored: unknown): Inventory | undefined =>
  storedSchema.safeParse(modern(stored).raw).data
