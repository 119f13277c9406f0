/** Sign-in: better-auth with names and passwords. Users are made by an administrator or by the first start, never by themselves. */
import { randomBytes, randomInt } from 'node:crypto'
import { betterAuth } from 'better-auth'
import { APIError } from 'better-auth/api'
import { verifyPassword } from 'better-auth/crypto'
import { username } from 'better-auth/plugins'
import { eq } from '../../ingest/store/filter.ts'
import { type Document, type DocumentStore, SYSTEM } from '../../ingest/store/store.ts'
import type { Role } from '../contract.ts'
import { CLIENT_HEADER } from '../client.ts'
import { type Deed, leaveTrail } from '../trail.ts'
import { documentAdapter } from './adapter.ts'
import { openBackoff } from './backoff.ts'
import { openFailures } from './failures.ts'
import { generationOf, passwordsOf } from './generation.ts'
import { openHonest } from './honest.ts'
import { knownFrom, placesOf } from './places.ts'
import { openDoor } from './signin.ts'

export interface User {
  readonly id: string
  readonly username: string
  readonly name: string
  readonly role: Role
  readonly organizations: readonly string[]
  readonly disabled: boolean
  readonly mustChangePassword: boolean
  readonly createdAt: string
  readonly lastSignIn?: number
}

export interface NewUser {
  readonly username: string
  readonly name: string
  readonly role: Role
  readonly organizations: readonly string[]
}

export interface Auth {
  /** Handles what is open of /api/auth/*. Rejects with the error of the store where that is why it cannot. */
  handler(request: Request): Promise<Response>
  /** The user of a session, or undefined. A disabled user has none. Rejects where the store cannot be asked. */
  session(headers: Headers): Promise<User | undefined>
  users(): Promise<User[]>
  /** Makes a user; answers the password, one-time where none is given. Throws a sentence where the name is taken. */
  add(user: NewUser, password?: string): Promise<{ user: User; password: string }>
  /** A new one-time password; every session of the user ends. */
  reset(id: string): Promise<string>
  change(id: string, update: Partial<Pick<User, 'name' | 'role' | 'organizations' | 'disabled'>>): Promise<User>
  /**
   * Calls back when sessions of a user have been ended in this process (a role, agencies or a password changed, the account
   * disabled): whoever streams asks whether theirs still is. The answer takes it back.
   */
  onEnded(id: string, ended: () => void): () => void
  /** Throws a sentence where the current password is wrong or the new one too short. */
  changePassword(id: string, current: string, next: string, keep: Headers): Promise<void>
  /** Writes the failed sign-ins of the minutes that are over into the trail; `all`: of this one too, for the process ends. */
  tellFailures(all?: boolean): Promise<void>
}

const SHORTEST = 10
const PREFIX = 'vonglau'
const NAME = /^[a-z0-9][a-z0-9._-]{1,63}$/
const newer = (doc: Document, generation: number): Document => ({
  ...doc,
  generation: Math.max(generation, generationOf(doc)),
})
/** Without letters that look alike. */
const oneTime = () =>
  Array.from({ length: 16 }, (_, i) =>
    i % 4 === 3 && i < 15 ? '-' : 'abcdefghjkmnpqrstuvwxyz23456789'[randomInt(31)],
  ).join('')

/** Its name, as the library makes it of our prefix; `url`: where the console is reached. */
export const sessionCookie = (url: string): string =>
  `${url.startsWith('https:') ? '__Secure-' : ''}${PREFIX}.session_token`

export const createAuth = async (
  documents: DocumentStore,
  options: { url: string; secure: boolean; clock: () => number },
): Promise<Auth> => {
  const { documents: told, honestly, failed } = openHonest(documents)
  const users = documents.collection<Document>('auth_user')
  const passwords = passwordsOf(documents, options.clock)
  const backoff = openBackoff(options.clock)
  const failures = openFailures(options.clock)
  const trail = (deed: Deed) => leaveTrail({ documents, clock: options.clock }, deed)
  const sessions = documents.collection<Document>('auth_session')
  const settings = documents.collection<Document>('settings')
  let secret = (await settings.get(SYSTEM, 'auth'))?.doc['secret'] as string | undefined
  if (secret === undefined) {
    secret = randomBytes(32).toString('base64url')
    await settings.put([{ id: 'auth', doc: { secret }, version: null }])
  }
  const toldPasswords = passwordsOf(told, options.clock)
  const auth = betterAuth({
    baseURL: options.url,
    basePath: '/api/auth',
    secret,
    database: documentAdapter(told),
    telemetry: { enabled: false },
    // A console is reached by several names and addresses; the cookie is SameSite, and Origin must be this host.
    trustedOrigins: async (request) => {
      const host = request?.headers.get('host')
      return host ? [`http://${host}`, `https://${host}`] : []
    },
    emailAndPassword: { enabled: true, disableSignUp: true, minPasswordLength: SHORTEST },
    plugins: [
      username({
        minUsernameLength: 2,
        maxUsernameLength: 64,
        usernameValidator: (name) => /^[a-z0-9][a-z0-9._-]*$/i.test(name),
      }),
    ],
    user: {
      additionalFields: {
        role: { type: 'string', input: false, required: true, defaultValue: 'analyst' },
        organizations: { type: 'string[]', input: false, required: false },
        disabled: { type: 'boolean', input: false, required: false },
        mustChangePassword: { type: 'boolean', input: false, required: false },
        lastSignIn: { type: 'number', input: false, required: false },
      },
    },
    session: {
      expiresIn: 12 * 3600,
      updateAge: 3600,
      additionalFields: { generation: { type: 'number', input: false, required: false } },
    },
    // The door counts (signin.ts): the library's own limit knows no accounts, and keeps every address that was ever made up.
    rateLimit: { enabled: false },
    advanced: {
      ipAddress: { ipAddressHeaders: [CLIENT_HEADER] },
      cookiePrefix: PREFIX,
      useSecureCookies: options.secure,
      defaultCookieAttributes: { sameSite: 'strict', httpOnly: true },
    },
    databaseHooks: {
      session: {
        create: {
          before: async (session) => {
            const users = told.collection<Document>('auth_user')
            const now = options.clock()
            const attempt = door.current()
            // Over the version that was read: somebody may disable the account at this moment.
            for (let used = false; ; ) {
              const user = await users.get(SYSTEM, session.userId)
              // With the right password only: who guesses learns nothing.
              if (user?.doc['disabled'] === true)
                throw new APIError('FORBIDDEN', {
                  code: 'DISABLED',
                  message: 'This account is switched off: ask an administrator.',
                })
              if (!user || !attempt) return false
              used ||= await toldPasswords.use(user.doc)
              if (!used)
                throw new APIError('FORBIDDEN', {
                  code: 'ONE_TIME',
                  message: 'This one-time password was used, or is older than a day: ask an administrator for another.',
                })
              const { place, generation } = attempt
              const doc = {
                ...user.doc,
                lastSignIn: now,
                places: knownFrom(user.doc, place, now),
                generation: Math.max(generation, generationOf(user.doc)),
              }
              const [put] = await users.put([{ id: user.id, version: user.version, doc }])
              if (put?.ok) return { data: { ...session, generation } }
            }
          },
        },
      },
    },
    logger: {
      level: 'error',
      // That the store is away is said in one sentence elsewhere.
      log: (_, message, ...about) => {
        if (!failed()) console.error(message, ...about)
      },
    },
  })

  const toUser = (doc: Document): User => ({
    id: String(doc['id']),
    username: String(doc['username']),
    name: String(doc['name']),
    role: doc['role'] as Role,
    organizations:
      typeof doc['organizations'] === 'string'
        ? (JSON.parse(doc['organizations']) as string[])
        : ((doc['organizations'] ?? []) as string[]),
    disabled: doc['disabled'] === true,
    mustChangePassword: doc['mustChangePassword'] === true,
    createdAt: String(doc['createdAt']),
    ...(typeof doc['lastSignIn'] === 'number' ? { lastSignIn: doc['lastSignIn'] } : {}),
  })
  const sessionOf = (headers: Headers) =>
    honestly(
      () => auth.api.getSession({ headers }),
      (session) => session === null,
    )
  const endSessions = async (userId: string, keepToken?: string) => {
    const { items } = await sessions.query(SYSTEM, { filter: eq('userId', userId), limit: 10_000 })
    const over = items.filter(({ doc }) => doc['userId'] === userId && doc['token'] !== keepToken)
    await sessions.deleteMany(over.map(({ id }) => id))
    for (const ended of [...(listeners.get(userId) ?? [])]) ended()
  }
  const listeners = new Map<string, Set<() => void>>()
  /** Writes over the version that was read, again where somebody else was quicker. */
  const update = async (id: string, change: (doc: Document) => Document): Promise<Document> => {
    for (;;) {
      const user = await must(id)
      const doc = change(user.doc)
      const [put] = await users.put([{ id, version: user.version, doc }])
      if (put?.ok) return doc
    }
  }
  const must = async (id: string) => {
    const found = await users.get(SYSTEM, id)
    if (!found) throw new Error('there is no such user')
    return found
  }
  /** A one-time password, whoever else changes it at this moment. */
  const giveOneTime = async (user: Document): Promise<{ password: string; generation: number }> => {
    const userId = String(user['id'])
    const password = oneTime()
    for (;;) {
      const generation = await passwords.set(userId, password, true, await passwords.of(userId), user)
      if (generation !== undefined) return { password, generation }
    }
  }
  const door = openDoor({
    backoff,
    failures,
    trail,
    handle: (request) =>
      honestly(
        () => auth.handler(request),
        ({ status }) => status >= 500,
      ),
    whom: async (name) => {
      if (!NAME.test(name)) return undefined
      const found = (await users.query(SYSTEM, { filter: eq('username', name), limit: 2 })).items
      const user = found.find(({ doc }) => doc['username'] === name)
      const account = user && (await passwords.of(user.id))
      if (!user || !account) return undefined
      return {
        id: user.id,
        username: name,
        generation: Math.max(generationOf(account.doc), generationOf(user.doc)),
        places: placesOf(user.doc, options.clock()),
        unguessable: passwords.unguessable(user.doc, account.doc),
      }
    },
  })

  return {
    handler: door.handler,
    session: async (headers) => {
      const found = await sessionOf(headers)
      if (!found) return undefined
      const user = await users.get(SYSTEM, found.user.id)
      if (!user || user.doc['disabled'] === true) return undefined
      return generationOf(found.session) < generationOf(user.doc) ? undefined : toUser(user.doc)
    },
    users: async () =>
      (await users.query(SYSTEM, { filter: { op: 'and', of: [] }, limit: 10_000 })).items.map((item) =>
        toUser(item.doc),
      ),
    add: async ({ username: given, name, role, organizations }, chosen) => {
      const login = given.toLowerCase()
      if (!NAME.test(login))
        throw new Error(`"${given}" cannot be a user name: use 2 to 64 letters a-z, digits, ".", "_" and "-"`)
      const taken = await users.query(SYSTEM, { filter: eq('username', login), limit: 1 })
      if (taken.total > 0)
        throw new Error(`there is a user "${login}" already: choose another name, or reset that one's password`)
      const id = randomBytes(16).toString('hex')
      const now = new Date(options.clock()).toISOString()
      const doc: Document = {
        id,
        username: login,
        displayUsername: given,
        name,
        email: `${login}@vonglau.invalid`,
        emailVerified: true,
        role,
        organizations,
        disabled: false,
        mustChangePassword: chosen === undefined,
        createdAt: now,
        updatedAt: now,
      }
      const password = chosen ?? oneTime()
      await passwords.set(id, password, chosen === undefined, undefined)
      await users.put([{ id, doc: { ...doc, generation: 1 }, version: null }])
      return { user: toUser(doc), password }
    },
    reset: async (id) => {
      const { password, generation } = await giveOneTime((await must(id)).doc)
      await update(id, (doc) => ({ ...newer(doc, generation), mustChangePassword: true }))
      await endSessions(id)
      backoff.forget(id)
      return password
    },
    change: async (id, wanted) => {
      const before = toUser((await must(id)).doc)
      const after = toUser(await update(id, (doc) => ({ ...doc, ...wanted })))
      // What a session may see was said when it began: with another role or agency it is over.
      const other =
        before.role !== after.role || before.organizations.toSorted().join() !== after.organizations.toSorted().join()
      if (other || after.disabled) await endSessions(id)
      return after
    },
    onEnded: (id, ended) => {
      const mine = listeners.get(id) ?? new Set()
      listeners.set(id, mine.add(ended))
      return () => {
        mine.delete(ended)
        if (mine.size === 0) listeners.delete(id)
      }
    },
    changePassword: async (id, current, next, keep) => {
      // Who has taken a session does not learn the password by it.
      const admission = backoff.begin({ account: id, name: '', place: 'a session', known: true })
      if (!('succeeded' in admission))
        throw new Error(`too many wrong passwords: try again in ${Math.ceil(admission.wait / 1000)} s`)
      const account = await passwords.of(id)
      const hash = account?.doc['password']
      if (typeof hash !== 'string' || !(await verifyPassword({ hash, password: current }))) {
        failures.add(String((await must(id)).doc['username']), 'a session', false)
        throw new Error('the current password is not right')
      }
      admission.succeeded()
      if (next.length < SHORTEST) throw new Error(`the new password is too short: use at least ${SHORTEST} characters`)
      if (next === current) throw new Error('the new password is the old one: choose another')
      const kept = (await sessionOf(keep))?.session
      const generation = await passwords.set(id, next, false, account, (await must(id)).doc)
      // Somebody has set another since it was read.
      if (generation === undefined) throw new Error('the current password is not right')
      // First, for with the next step it would be over.
      const mine = kept && (await sessions.get(SYSTEM, kept.id))
      if (mine) await sessions.put([{ id: mine.id, version: mine.version, doc: { ...mine.doc, generation } }])
      await update(id, (doc) => ({ ...newer(doc, generation), mustChangePassword: false }))
      await endSessions(id, kept?.token)
    },
    tellFailures: async (all) => {
      for (const deed of failures.take(all)) await trail(deed)
    },
  }
}
