/**
 * A password and its generation, in one document. A session carries the generation that it began with and ends with it: also
 * one whose sign-in had read the password before it was changed, and began after the others were ended.
 *
 * A one-time password ends at its first use, and after a day.
 */
import { randomBytes } from 'node:crypto'
import { hashPassword } from 'better-auth/crypto'
import { eq } from '../../ingest/store/filter.ts'
import { type Document, type DocumentStore, type Stored, SYSTEM } from '../../ingest/store/store.ts'

const DAY = 24 * 3_600_000

export const generationOf = (doc: Document | undefined): number => Number(doc?.['generation'] ?? 0)

/** Of a user, and of the account that holds their password. */
export const passwordsOf = (documents: DocumentStore, clock: () => number) => {
  const accounts = documents.collection<Document>('auth_account')
  const of = async (userId: string): Promise<Stored<Document> | undefined> =>
    (await accounts.query(SYSTEM, { filter: eq('userId', userId), limit: 10 })).items.find(
      (item) => item.doc['userId'] === userId && item.doc['providerId'] === 'credential',
    )
  /** When it ends, in ms; undefined: it is none. Before it was written down, the day begins with the password. */
  const until = (user: Document, account: Document): number | undefined =>
    typeof account['oneTimeUntil'] === 'number'
      ? account['oneTimeUntil']
      : user['mustChangePassword'] === true
        ? Date.parse(String(account['updatedAt'])) + DAY
        : undefined
  return {
    of,
    /**
     * Sets it over the version that was read; answers its generation, or undefined where somebody else was quicker. It is
     * never lower than that of the user: a change that broke off between the two is caught up with.
     */
    set: async (
      userId: string,
      password: string,
      oneTime: boolean,
      current: Stored<Document> | undefined,
      user?: Document,
    ): Promise<number | undefined> => {
      const at = clock()
      const now = new Date(at).toISOString()
      const id = current?.id ?? randomBytes(16).toString('hex')
      const generation = Math.max(generationOf(current?.doc), generationOf(user)) + 1
      const { oneTimeUntil: _, oneTimeUsed: __, ...rest } = current?.doc ?? {}
      const doc = {
        createdAt: now,
        ...rest,
        id,
        userId,
        accountId: userId,
        providerId: 'credential',
        password: await hashPassword(password),
        generation,
        updatedAt: now,
        ...(oneTime ? { oneTimeUntil: at + DAY } : {}),
      }
      const [put] = await accounts.put([{ id, version: current?.version ?? null, doc }])
      return put?.ok ? generation : undefined
    },
    /** Nobody has used it yet, and it has not ended: it is as long as a key. */
    unguessable: (user: Document, account: Document): boolean => {
      const end = until(user, account)
      return end !== undefined && account['oneTimeUsed'] === undefined && clock() <= end
    },
    /** Whether the password that was just found right may begin a session. A one-time password may once: of two at once, one. */
    use: async (user: Document): Promise<boolean> => {
      for (;;) {
        const account = await of(String(user['id']))
        const end = account && until(user, account.doc)
        if (!account || end === undefined) return true
        if (account.doc['oneTimeUsed'] !== undefined || clock() > end) return false
        const [put] = await accounts.put([
          { id: account.id, version: account.version, doc: { ...account.doc, oneTimeUsed: clock() } },
        ])
        if (put?.ok) return true
      }
    },
  }
}
