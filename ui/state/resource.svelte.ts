import { untrack } from 'svelte'
import type { ApiError } from './api.ts'

export interface Resource<T> {
  data: T | undefined
  readonly error: ApiError | undefined
  readonly loading: boolean
  reload(): void
}

/**
 * Loads again whenever what `load` reads before its first await changes. The old data stays on screen while the new is
 * on its way, and after a failure.
 */
export const resource = <T>(load: (signal: AbortSignal) => Promise<T>, every?: number): Resource<T> => {
  let data = $state.raw<T | undefined>()
  let error = $state.raw<ApiError | undefined>()
  let loading = $state(true)
  let turn = $state(0)
  $effect(() => {
    turn
    const stop = new AbortController()
    loading = true
    load(stop.signal).then(
      (value) => {
        if (stop.signal.aborted) return
        data = value
        error = undefined
        loading = false
      },
      (reason: ApiError) => {
        if (stop.signal.aborted) return
        error = reason
        loading = false
      },
    )
    return () => stop.abort()
  })
  $effect(() => {
    if (!every) return
    const timer = setInterval(() => document.visibilityState === 'visible' && turn++, every)
    return () => clearInterval(timer)
  })
  return {
    get data() {
      return data
    },
    set data(value) {
      data = value
    },
    get error() {
      return error
    },
    get loading() {
      return loading
    },
    reload() {
      untrack(() => turn++)
    },
  }
}
