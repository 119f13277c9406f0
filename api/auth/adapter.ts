/** better-auth over our documents: a collection a model. */
import { randomUUID } from 'node:crypto'
import { createAdapterFactory } from 'better-auth/adapters'
import { and, eq, type Filter } from '../../ingest/store/filter.ts'
import { type Document, type DocumentStore, type Stored, SYSTEM } from '../../ingest/store/store.ts'

interface Where {
  field: string
  value: unknown
  operator?: string
  connector?: string
}

const holds = (doc: Document, { field, value, operator = 'eq' }: Where): boolean => {
  const own = doc[field] ?? null
  const plain = value instanceof Date ? value.toISOString() : value
  const text = (v: unknown) => String(v ?? '')
  switch (operator) {
    case 'eq':
      return own === (plain ?? null)
    case 'ne':
      return own !== (plain ?? null)
    case 'in':
      return Array.isArray(plain) && plain.includes(own)
    case 'not_in':
      return Array.isArray(plain) && !plain.includes(own)
    case 'lt':
      return own !== null && (own as never) < (plain as never)
    case 'lte':
      return own !== null && (own as never) <= (plain as never)
    case 'gt':
      return own !== null && (own as never) > (plain as never)
    case 'gte':
      return own !== null && (own as never) >= (plain as never)
    case 'contains':
      return text(own).includes(text(plain))
    case 'starts_with':
      return text(own).startsWith(text(plain))
    case 'ends_with':
      return text(own).endsWith(text(plain))
    default:
      throw new Error(`better-auth asked for the operator ${operator}, which is not known here`)
  }
}
const matches = (doc: Document, where: readonly Where[]): boolean => {
  const all = where.filter((w) => w.connector !== 'OR')
  const any = where.filter((w) => w.connector === 'OR')
  return all.every((w) => holds(doc, w)) && (any.length === 0 || any.some((w) => holds(doc, w)))
}

export const documentAdapter = (documents: DocumentStore) =>
  createAdapterFactory({
    config: {
      adapterId: 'vonglau',
      adapterName: 'Vọng Lâu documents',
      supportsDates: false,
      supportsBooleans: true,
      supportsJSON: true,
      supportsNumericIds: false,
    },
    adapter: () => {
      const of = (model: string) => documents.collection<Document>(`auth_${model}`)
      const find = async (model: string, where: readonly Where[] = []): Promise<Stored<Document>[]> => {
        // Equality narrows by a column (without case); every condition is then decided exactly.
        const narrow: Filter[] = where.flatMap((w) =>
          w.connector !== 'OR' && (w.operator ?? 'eq') === 'eq' && typeof w.value === 'string' && w.value !== ''
            ? [eq(w.field, w.value)]
            : [],
        )
        const { items } = await of(model).query(SYSTEM, { filter: and(...narrow), limit: 100_000 })
        return items.filter((item) => matches(item.doc, where))
      }
      /** Over the version that was read: the library must not bring back what an administrator has just changed. */
      const change = async (model: string, item: Stored<Document>, update: object): Promise<Document> => {
        for (let current: Stored<Document> | undefined = item; ; current = await of(model).get(SYSTEM, item.id)) {
          if (!current) return { ...item.doc, ...update } // it is gone: there is nothing to change
          const doc = { ...current.doc, ...update }
          const [put] = await of(model).put([{ id: item.id, doc, version: current.version }])
          if (put?.ok) return doc
        }
      }
      return {
        create: async ({ model, data }) => {
          const id = String((data as Document)['id'] ?? randomUUID())
          await of(model).put([{ id, doc: { ...data, id }, version: null }])
          return { ...data, id } as never
        },
        findOne: async ({ model, where }) => ((await find(model, where))[0]?.doc ?? null) as never,
        findMany: async ({ model, where, limit, offset, sortBy }) => {
          const found = (await find(model, where)).map((item) => item.doc)
          if (sortBy) {
            const sign = sortBy.direction === 'desc' ? -1 : 1
            found.sort((a, b) => sign * String(a[sortBy.field] ?? '').localeCompare(String(b[sortBy.field] ?? '')))
          }
          return found.slice(offset ?? 0, (offset ?? 0) + (limit ?? 100)) as never
        },
        count: async ({ model, where }) => (await find(model, where)).length,
        update: async ({ model, where, update }) => {
          const item = (await find(model, where))[0]
          return (item ? await change(model, item, update as object) : null) as never
        },
        updateMany: async ({ model, where, update }) => {
          const items = await find(model, where)
          for (const item of items) await change(model, item, update as object)
          return items.length
        },
        delete: async ({ model, where }) => {
          const item = (await find(model, where))[0]
          if (item) await of(model).delete(item.id, 'any')
        },
        deleteMany: async ({ model, where }) => {
          const items = await find(model, where)
          await of(model).deleteMany(items.map(({ id }) => id))
          return items.length
        },
      }
    },
  })
