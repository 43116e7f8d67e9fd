/** Sim's icons, of which the block has one. */

export type BlockIcon = (props: { className?: string }) => object | null

export const HexIcon: BlockIcon = () => null
