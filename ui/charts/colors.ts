/** A token as the colour it is now: a canvas knows no custom properties. */
export const colorOf = (token: string, within: HTMLElement): string => {
  const probe = document.createElement('i')
  probe.style.color = `var(--${token})`
  within.append(probe)
  const color = getComputedStyle(probe).color
  probe.remove()
  return color
}
