"""Made-up posts that read as if somebody had lived them; for demo and seed data alone."""

from random import Random

_SLOTS = {
    "plant": "tomatoes|basil|chillies|sweet peas|courgettes|lemon trees|runner beans|mint cuttings|radishes",
    "grew": "finally turned red|survived the hail|doubled in a week|are flowering|want more sun|sulk|smell of summer",
    "witness": "the neighbour’s cat|a very fat pigeon|the man from number 12|my mother|nobody|a committee of sparrows",
    "place": "the canal|the old railway path|the harbour|the market|the hill behind the school|the lake|the new bridge",
    "weather": "in the rain|in fog like milk|before sunrise|against the wind|in shirtsleeves|under stars|by mistake",
    "dish": "lentil soup|plum cake|dumplings|a proper omelette|grandmother’s noodles|pickled radishes|burnt toast",
    "verdict": "Edible!|Never again.|Seconds were had.|Needs salt.|The best so far.|10/10, would burn again.",
    "book": "a history of lighthouses|a novel in letters|that book on moss|poems from 1912|a spy story|the dictionary",
    "mood": "slowly|for the third time|on the tram|instead of sleeping|with a pencil|aloud, to the dog|backwards",
    "bug": "a missing comma|a time zone|an index nobody had made|a cache|my own comment from 2019|DNS|a stray tab",
    "hours": "ten minutes|an hour|most of the afternoon|two days|a week, on and off|one very long lunch",
    "tool": "the parser|the backup script|the test suite|our oldest service|the label printer|the export",
    "sound": "a blackbird|the 6:12 tram|somebody’s trumpet|rain on the skylight|the neighbours’ radio|a far ship",
    "thing": "bicycle bell|umbrella|left glove|library card|favourite pencil|door key|second-best hat",
    "where": "in the fridge|under the sofa|exactly where it should be|in last winter’s coat|at the bakery|on my head",
    "friend": "Ines|Tomasz|Yuki|Amara|Old Björn|Zoë|Mr Okafor|my sister",
    "said": "“it was like that when I came”|“you should sit down”|“not on a Monday”|“ask the bees”|nothing, but loudly",
    "wish": "a longer Sunday|a quieter keyboard|one more week of autumn|better knees|a second kettle|fewer tabs",
    "number": "3|7|12|18|24|31|47|63|85",
    "tag": "#garden|#bicycle|#reading|#smalljoys|#code|#kitchen|#city",
}
_WORDS = {name: words.split("|") for name, words in _SLOTS.items()}
_TEMPLATES = (
    "The {plant} {grew}, and {witness} approves.",
    "Garden report: the {plant} {grew}; {tool} can wait. {tag}",
    "{number} km along {place} {weather}. Legs: tired. Head: clear.",
    "Rode out to {place} {weather}. Met {friend}, who said {said}.",
    "Made {dish} for {friend} tonight. {verdict}",
    "{friend} came by with {dish}. {verdict} {tag}",
    "Reading {book} {mood}. No spoilers, please.",
    "Finished {book} at {place}, {weather}. I miss it already.",
    "It took {hours} to find {bug} in {tool}. It is always {bug}.",
    "Rewrote {tool} in {hours}; it does less now, and better. {tag}",
    "Today’s lesson: when {tool} fails, look for {bug} first.",
    "This morning: {sound}, then silence, then {dish}.",
    "Found my {thing} {where}. Life is good.",
    "Lost: one {thing}. If you see it {where}, tell it to come home.",
    "All I want is {wish}, and {sound} in the distance.",
    "{friend} on growing older: {said}.",
    "Walked home past {place} {weather} and heard {sound}.",
    "Three good things:\n– {dish}\n– {sound}\n– {wish}, nearly",
    "Note to self: the {plant} need water before anybody needs {bug} explained.",
    "If you are near {place} this weekend: there is {dish}, and {friend} plays the accordion. 🪗",
    "Slept badly, thanks to {sound}. Wrote well, thanks to {dish}.",
    "Heute {number} km mit {friend} geradelt. Danach: {dish}. Herrlich.",
    "今日はいい天気。{number} km, and {sound} all the way. 🌤",
    "Long read for the tram: https://example.com/notes/{number} – {book}, explained by {friend}.",
    "Dear {witness}: the {plant} are not yours. Kind regards. {tag}",
)


def phrase(dice: Random) -> str:
    """One post's words."""
    return dice.choice(_TEMPLATES).format(**{name: dice.choice(words) for name, words in _WORDS.items()})
