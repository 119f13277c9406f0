/** How many of the sorted numbers are below one: the place of the first that is not. */
export const placeIn = (sorted: ArrayLike<number>, value: number): number => {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
