/** Each answer of the API held to its schema, and each refusal to those that its operation names. */
import type { Operation } from '../../api/schema/operation.ts'
import { failure } from '../../api/schema/failure.ts'
import { refusalsOf } from '../../api/openapi.ts'

interface Registered {
  readonly method: string
  readonly path: string
  readonly operation: Operation | undefined
}
const patternOf = (path: string): RegExp => new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`)

/** Throws where an answer is not what the operation of its route says. What has no operation (an address that is not there) is not looked at. */
export const holder = (routes: readonly Registered[]) => {
  const known = routes.flatMap(({ method, path, operation }) =>
    operation ? [{ method, path, operation, pattern: patternOf(path) }] : [],
  )
  return (method: string, address: string, status: number, body: unknown): void => {
    const path = address.split('?')[0]!
    const found = known.filter((each) => each.method === method && each.pattern.test(path))
    // "/alerts/change" before "/alerts/:id".
    const route = found.find((each) => each.path === path) ?? found[0]
    if (!route) return
    const { operation } = route
    // Longer than a request's head may be: refused before the program sees it.
    if (status === 431) return
    const where = `${method} ${address.slice(0, 200)} → ${status}`
    if (status !== 200 && !refusalsOf(operation).some((each) => each === status))
      throw new Error(`${where}: the operation ${operation.id} names no such status`)
    if (status === 200 && operation.media) return
    const { success, error } = (status === 200 ? operation.answer : failure).safeParse(body)
    if (!success)
      throw new Error(`${where} is not as ${operation.id} says: ${JSON.stringify(error.issues).slice(0, 1500)}`)
  }
}
