"""Fewer channels for the same answer: a network cut down to what one task needs of it.

VGG16 learned to tell a thousand classes apart. Pictures of one kind, such as eyes, use a part of what its
channels can say, and much of that several times over. So a layer's channels are taken away one after another,
always the one that those which stay can make up for best, and the layers behind learn by least squares to
make what they made of the whole. That needs pictures but no labels and no training.

Choosing channels by how well the next layer's sums can be restored: He et al., "Channel Pruning for
Accelerating Very Deep Neural Networks", ICCV 2017. The price of a group of weights, and how the others change
when it goes: Hassibi and Stork, "Second Order Derivatives for Network Pruning: Optimal Brain Surgeon", NIPS
1992, for groups Frantar and Alistarh, "Optimal Brain Compression", NeurIPS 2022.
"""
