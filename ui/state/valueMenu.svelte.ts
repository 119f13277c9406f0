/** One menu for every value on screen: opened at the value that was pressed. */
export const valueMenu = $state({
  open: false,
  anchor: null as HTMLElement | null,
  field: '',
  value: '' as string | number | boolean,
  at: undefined as number | undefined,
})
export const openValueMenu = (anchor: HTMLElement, field: string, value: string | number | boolean, at?: number) => {
  valueMenu.anchor = anchor
  valueMenu.field = field
  valueMenu.value = value
  valueMenu.at = at
  valueMenu.open = true
}
