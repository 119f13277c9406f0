/** The door: which of the library's routes are open, who has to wait before it, and what of each try is told. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { CLIENT_HEADER } from '../client.ts'
import type { Deed } from '../trail.ts'
import type { Backoff } from './backoff.ts'
import { placeOf } from './backoff.ts'
import type { Failures } from './failures.ts'

/** A try to sign in, as what the library calls meanwhile finds it. */
export interface Try {
  readonly place: string
  /** Of the password that was there before the library looked at it: a session that begins with it ends with it. */
  readonly generation: number
}

/** Of the account that has a name. */
export interface Whom {
  readonly id: string
  readonly username: string
  readonly generation: number
  readonly places: readonly string[]
  readonly unguessable: boolean
}

const OPEN = new Set(['/sign-in/username', '/sign-out'])

export const openDoor = (options: {
  readonly backoff: Backoff
  readonly failures: Failures
  readonly whom: (username: string) => Promise<Whom | undefined>
  readonly handle: (request: Request) => Promise<Response>
  readonly trail: (deed: Deed) => Promise<void>
}) => {
  const { backoff, failures, whom, handle, trail } = options
  const tries = new AsyncLocalStorage<Try>()
  const signIn = async (request: Request): Promise<Response> => {
    const body: unknown = await request
      .clone()
      .json()
      .catch(() => undefined)
    const given = (body as { username?: unknown } | undefined)?.username
    const name = typeof given === 'string' ? given.toLowerCase() : ''
    const place = placeOf(request.headers.get(CLIENT_HEADER) ?? 'unknown')
    const account = await whom(name)
    const admission = backoff.begin({
      account: account?.id,
      name,
      place,
      known: account?.places.includes(place) ?? false,
      unguessable: account?.unguessable ?? false,
    })
    if (!('succeeded' in admission)) {
      failures.add(account?.username, place, true)
      const seconds = Math.ceil(admission.wait / 1000)
      const message = `Too many wrong passwords: try again in ${seconds} s.`
      return Response.json({ code: 'WAIT', message }, { status: 429, headers: { 'retry-after': String(seconds) } })
    }
    let response: Response
    try {
      response = await tries.run({ place, generation: account?.generation ?? 0 }, () => handle(request))
    } catch (error) {
      admission.undone()
      throw error
    }
    if (response.status === 200 && account) {
      admission.succeeded()
      await trail({
        by: { kind: 'person', id: account.id, name: account.username },
        what: 'user.sign_in',
        object: account.username,
        detail: JSON.stringify({ from: place }),
      })
    } else if (response.status >= 500) admission.undone()
    else failures.add(account?.username, place, false)
    return response
  }
  return {
    /** The try within which this is called. */
    current: (): Try | undefined => tries.getStore(),
    handler: (request: Request): Promise<Response> => {
      const path = new URL(request.url).pathname.replace(/^\/api\/auth/, '')
      if (request.method !== 'POST' || !OPEN.has(path))
        return Promise.resolve(Response.json({ code: 'NOT_FOUND' }, { status: 404 }))
      return path === '/sign-out' ? handle(request) : signIn(request)
    },
  }
}
