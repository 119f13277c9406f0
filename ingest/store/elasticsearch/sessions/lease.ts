/**
 * Leases: who reads a source, who runs the rules. A lease has a token that grows with every holder, and its holder writes
 * documents through aliases that bear the token. Who takes the lease over removes them, so that the cluster itself
 * refuses whatever a former holder sends when it wakes.
 */
import { createHash } from 'node:crypto'
import { type Client, errors } from '@elastic/elasticsearch'
import type { DocumentStore, Lease } from '../../store.ts'
import { insist, kindOf } from '../connect.ts'
import { openDocuments } from '../documents/documents.ts'
import type { Session } from './session.ts'
import type { LeaseRecord, Step } from './fence.ts'
import type { Records, Versioned } from './records.ts'

export interface LeaseOptions {
  readonly client: Client
  readonly prefix: string
  readonly leases: Records<LeaseRecord>
  readonly current: () => Promise<Session>
  /** Has this session ended? Fences it where it is dead. */
  readonly ended: (session: string) => Promise<boolean>
  readonly step: Step
}

/** A lease's name as a part of the name of an alias: lower case, no blank, none of \ / * ? " < > | , # : */
const legal = (name: string): string =>
  /^[a-z0-9_.-]{1,64}$/.test(name) ? name : `~${createHash('sha256').update(name).digest('hex').slice(0, 32)}`

const aliasOf = (index: string, name: string, token: number | '*'): string => `${index}@${legal(name)}@${token}`

/** Every alias of a lease, of whatever token, is taken off the collections. */
const clearAliases = (client: Client, prefix: string, name: string, token: number | '*'): Promise<void> =>
  insist(client, `taking the lease "${name}" over`, async () => {
    const index = `${prefix}-d-*`
    let found: Awaited<ReturnType<typeof client.indices.getAlias>>
    try {
      found = await client.indices.getAlias({ index, name: aliasOf(index, name, token) })
    } catch (error) {
      if (kindOf(error) === 'missing') return
      throw error
    }
    const actions = Object.entries(found).flatMap(([index, { aliases }]) =>
      Object.keys(aliases).map((alias) => ({ remove: { index, alias, must_exist: false } })),
    )
    if (actions.length === 0) return
    try {
      // Answers when every node knows it.
      const { acknowledged } = await client.indices.updateAliases({ actions })
      if (!acknowledged) throw new errors.TimeoutError('not every node has confirmed it')
    } catch (error) {
      if (kindOf(error) !== 'missing') throw error // taken off by another meanwhile
    }
  })

export const openLeases = ({ client, prefix, leases, current, ended, step }: LeaseOptions) => {
  const held = new Map<string, Lease>()
  const taking = new Set<string>()

  const take = async (name: string): Promise<Lease | undefined> => {
    // Both would find that the holder is this process.
    if (held.get(name)?.held() || taking.has(name)) return undefined
    taking.add(name)
    try {
      return await tryToTake(name)
    } finally {
      taking.delete(name)
    }
  }
  const tryToTake = async (name: string): Promise<Lease | undefined> => {
    const session = await current()
    const found = await leases.get(name)
    const holder = found?.doc.holder
    if (holder && holder !== session.id && !(await ended(holder))) return undefined
    await step('lease: before it is taken')
    const token = (found?.doc.token ?? 0) + 1
    const taken = await leases.put(name, { holder: session.id, token }, found)
    if (!taken) return undefined
    await step('lease: taken')
    try {
      // The order matters: a former holder that makes an alias after this looks at the lease before it writes.
      await clearAliases(client, prefix, name, '*')
    } catch (error) {
      await giveBack(name, taken).catch(() => {})
      throw error
    }
    if (!session.alive()) return undefined
    const lease = hold(name, taken, session)
    held.set(name, lease)
    return lease
  }

  const giveBack = (name: string, taken: Versioned<LeaseRecord>) =>
    leases.put(name, { ...taken.doc, holder: null }, taken, { patience: 3000 })

  const hold = (name: string, taken: Versioned<LeaseRecord>, session: Session): Lease => {
    const { token } = taken.doc
    let over = false
    const mine = () => !over && session.alive()
    const documents: DocumentStore = openDocuments({
      client,
      prefix,
      through: {
        alias: (index) => aliasOf(index, name, token),
        lost: () => {
          over = true
        },
        holds: async () => {
          await step('lease: alias made')
          const now = await leases.get(name)
          return now?.doc.token === token && now.doc.holder === session.id
        },
      },
    })
    return {
      token,
      held: mine,
      documents,
      release: async () => {
        if (over) return
        const alive = session.alive()
        over = true
        held.delete(name)
        if (!alive) return
        await clearAliases(client, prefix, name, token)
        await giveBack(name, taken)
      },
    }
  }

  return {
    take,
    releaseAll: async () => {
      for (const lease of [...held.values()]) await lease.release()
    },
  }
}
