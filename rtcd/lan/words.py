"""The words that codes are made of.

Short names of things that people know and can say on the telephone. The first four letters tell a
word apart from all others, and no two differ in one letter only, so a slip is noticed before it is
sent. Three words drawn from this list are one of 124 million (26.9 bits).
"""

from __future__ import annotations

WORDS: tuple[str, ...] = tuple(
    """
    acorn actor album alley almond amber anchor ankle apple apron arcade arrow artist aspen atlas
    attic autumn avocado award axle badge bagel baker ballad bamboo banana banjo barley barrel
    basil basket bazaar beacon beaver bedrock beetle bell bench berry bicycle biscuit blanket
    blossom bobbin bonfire bonnet border bottle boulder bouquet bracelet branch bread breeze brick
    bridge brook bubble bucket buffalo bugle butter cabin cactus camel canal candle canoe canvas
    canyon captain caramel cardigan carpet carrot cartoon cashew castle cedar celery cello ceramic
    chalk chapel cherry chess chimney chorus cider cinema cinnamon circus citrus clarinet clay
    clover cobalt cobbler coconut coffee collar comet compass concert copper coral cork corner
    cotton cougar cradle crane crater cricket crocus crystal cupboard curtain cushion cymbal daisy
    dancer daylight denim desert diamond diary dinner dolphin domino donkey dragon drawer drum
    dumpling eagle easel echo eclipse elbow elephant emerald engine envelope evening fabric falcon
    farmer feather fender fennel festival fiddle field finch finger fireplace flamingo flannel
    flask flower flute folder forest fossil fountain freckle frost fudge galaxy garden garlic
    gazebo gecko geyser giraffe glacier glove goblet goose granite grape gravel griddle guitar
    hammer hamster harbor harvest hazel hedge helmet heron hickory hinge hockey honey horizon
    hotel hummus husky hydrant iceberg igloo indigo inkwell iris island ivory jacket jaguar
    jasmine jelly jewel jigsaw journal jungle juniper kangaroo kayak kelp kettle keyboard kitchen
    kite kitten kiwi koala ladder lagoon lantern larch laurel lavender lemon lentil leopard
    library lilac linen lizard lobster locket lotus lumber lunar lynx magnet magpie mahogany
    mailbox mallard mango maple marble market marsh mattress meadow melody mermaid mineral mint
    mirror moccasin monsoon mosaic muffin mural museum mushroom mustard napkin nectar needle
    nickel noodle notebook nugget nutmeg oasis oatmeal oboe ocean octopus olive onion opal orange
    orbit orchard organ osprey ostrich otter oven oyster paddle pagoda palace palette pancake
    panda panther papaya paper parade parcel parsley pasta patio pavilion peach peanut pebble
    pelican pencil pendant penguin pepper petal piano pickle picnic pigeon pillow pine pistachio
    planet platypus plum poem pony popcorn poplar porch postcard potato pottery prairie pretzel
    prism pumpkin puppet puzzle pyramid quail quartz quilt quiver rabbit raccoon radar radish raft
    rainbow raisin raspberry raven ravine reed ribbon river robin rooster rosemary rowboat rubber
    ruby rudder saffron sailor salad salmon sandal sapphire satchel saturn sauce scallop scarf
    school scooter seagull sesame shadow shark shelf shovel shrimp sidewalk silk silver sketch
    skillet slate sled slipper snail snow soda sparrow spider spinach spiral sponge spoon spruce
    squash squirrel stadium starfish station stone stork straw stream subway sugar summer sundial
    sunset swan sweater sycamore syrup table tapestry teacup teapot temple tennis terrace theater
    thicket thimble thistle thunder tiger timber toast tomato topaz tornado tortoise toucan
    tractor trail treasure trellis triangle trombone trophy trout trumpet tulip tunnel turkey
    turnip turquoise turtle tuxedo twig umbrella unicorn urchin vanilla vase velvet veranda
    village vineyard violet volcano voyage waffle wagon walnut walrus wardrobe water wheel whisker
    wicker window winter wombat wool wreath wren yacht yarn yogurt zebra zeppelin zigzag zinc
    zipper zucchini
    """.split()  # noqa: SIM905 - a list of words reads better without quotes
)
