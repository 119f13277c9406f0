/**
 * The templates of the indices of events: put up where they are not there or older, put back where somebody changed them.
 * An index is made with the same settings and mapping in the request itself, so that no other template, of whatever
 * priority, decides on the type of a field.
 */
import type { Client, estypes } from '@elastic/elasticsearch'
import { FIELDS, fieldOf } from '../../../event.ts'
import { addressOf, FULL, insist, kindOf } from '../connect.ts'
import { aliasOf } from './indices.ts'
import { MAPPINGS, SCHEMA_VERSION, type SchemaOptions, settings } from './schema.ts'

/** JSON with sorted names: what a server gives back has an order of its own. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    each !== null && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  )

interface Part {
  readonly name: string
  /** What is there: its version, and whether it says what ours says. */
  read(): Promise<{ readonly version: number; readonly same: boolean } | undefined>
  write(): Promise<unknown>
}

const what = 'the templates of the indices of events'

/** Answers a sentence for each that somebody had changed or, where they were there before, deleted. */
export const ensureTemplates = async (
  client: Client,
  prefix: string,
  schema: SchemaOptions,
  before = true,
): Promise<string[]> => {
  const found = async <T>(ask: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await ask()
    } catch (error) {
      if (kindOf(error) === 'missing') return undefined
      throw error
    }
  }
  const alias = aliasOf(prefix)
  const names = { settings: `${alias}-settings`, mappings: `${alias}-mappings` }
  const component = (name: string, template: { settings?: object; mappings?: object }): Part => ({
    name,
    read: async () => {
      const answer = await found(() => client.cluster.getComponentTemplate({ name, flat_settings: true }))
      const there = answer?.component_templates[0]?.component_template
      return (
        there && {
          version: there.version ?? 0,
          same: canonical({ ...there.template }) === canonical(template),
        }
      )
    },
    write: () =>
      client.cluster.putComponentTemplate({
        name,
        version: SCHEMA_VERSION,
        template: template as estypes.IndicesIndexState,
      }),
  })
  const composed = {
    index_patterns: [`${alias}-*`],
    composed_of: [names.settings, names.mappings],
    priority: 500,
    template: { aliases: { [alias]: {} } },
  }
  const parts: Part[] = [
    component(names.settings, { settings: settings(schema) }),
    component(names.mappings, { mappings: MAPPINGS }),
    {
      name: alias,
      read: async () => {
        const answer = await found(() => client.indices.getIndexTemplate({ name: alias }))
        const there = answer?.index_templates[0]?.index_template
        if (!there) return undefined
        const { index_patterns, composed_of, priority, template } = there
        const patterns = [index_patterns].flat()
        return {
          version: there.version ?? 0,
          same: canonical({ index_patterns: patterns, composed_of, priority, template }) === canonical(composed),
        }
      },
      write: () => client.indices.putIndexTemplate({ name: alias, version: SCHEMA_VERSION, ...composed }),
    },
  ]
  const changed: string[] = []
  for (const part of parts) {
    const there = await insist(client, what, () => part.read())
    // A newer program runs beside this one: its templates suit both.
    if (there && (there.version > SCHEMA_VERSION || (there.version === SCHEMA_VERSION && there.same))) continue
    await insist(client, what, () => part.write())
    if (there ? there.version === SCHEMA_VERSION : before)
      changed.push(
        `somebody had ${there ? 'changed' : 'deleted'} the template ${part.name} on Elasticsearch at ${addressOf(client)}: it is put back; to change it, use a template of a name and priority of your own`,
      )
  }
  return changed
}

/** The fields that some index was made without, by a program that did not know them. */
export const lackingFields = async (client: Client, alias: string): Promise<Set<string>> => {
  const { fields } = await insist(client, 'looking at the fields of events', () =>
    client.fieldCaps({
      index: alias,
      ignore_unavailable: true,
      allow_no_indices: true,
      fields: FIELDS.map(({ name }) => name),
      include_unmapped: true,
    }),
  )
  return new Set(Object.entries(fields).flatMap(([name, types]) => (types['unmapped'] ? [name] : [])))
}

const some = (names: readonly string[]): string =>
  names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} others` : names.join(', ')

/** What is wrong with the indices that are there: fields of events of another type, blocks. One sentence each. */
export const indexProblems = async (client: Client, prefix: string): Promise<string[]> => {
  const alias = aliasOf(prefix)
  const out: string[] = []
  const ask = <T>(work: () => Promise<T>) => insist(client, 'looking at the indices', work)
  const { fields } = await ask(() =>
    client.fieldCaps({
      index: alias,
      ignore_unavailable: true,
      fields: FIELDS.map(({ name }) => name),
      include_unmapped: false,
    }),
  )
  const wanted = MAPPINGS.properties as { readonly [name: string]: { readonly type?: string } }
  for (const [name, types] of Object.entries(fields).filter(([name]) => fieldOf(name)))
    for (const [type, { indices }] of Object.entries(types)) {
      if (type === wanted[name]?.type || type === 'unmapped') continue
      out.push(
        `the field ${name} is ${type} instead of ${wanted[name]?.type} in ${[indices ?? `all of ${alias}`].flat().join(', ')}: what is searched in it there may not be found; delete that index, or wait until its retention ends`,
      )
    }
  const settings = await ask(() =>
    client.indices.getSettings({
      index: [alias, ...['d-*', 'offsets', 'sessions', 'control', 'leases'].map((name) => `${prefix}-${name}`)],
      ignore_unavailable: true,
      name: 'index.blocks.*',
      flat_settings: true,
    }),
  )
  const blocked = new Map<string, string[]>()
  // A write block is what the index of a process that died has.
  for (const [index, { settings: flat }] of Object.entries(settings))
    for (const [name, value] of Object.entries((flat ?? {}) as { [name: string]: unknown }))
      if (String(value) === 'true' && name !== 'index.blocks.write')
        blocked.set(name, [...(blocked.get(name) ?? []), index])
  for (const [name, indices] of blocked)
    out.push(
      name === 'index.blocks.read_only_allow_delete'
        ? `${some(indices)} ${indices.length > 1 ? 'are' : 'is'} ${FULL} of Elasticsearch at ${addressOf(client)} is nearly full: free space or add a node, it then takes writes again by itself`
        : `${some(indices)} ${indices.length > 1 ? 'have' : 'has'} the setting ${name}: remove it, if a person has set it`,
    )
  return out
}
