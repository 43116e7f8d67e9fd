/** Return the name of a picture's file: its label's letters, or its place among the charts. */
export function pictureName(label?: string | null, mimeType?: string | null, place?: number): string
