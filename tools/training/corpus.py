"""The synthetic conversations that the built-in model learns."""
import json
import random

CAPITALS = {
    "France": "Paris", "Germany": "Berlin", "Italy": "Rome", "Spain": "Madrid", "Portugal": "Lisbon",
    "Japan": "Tokyo", "China": "Beijing", "Egypt": "Cairo", "Greece": "Athens", "Norway": "Oslo",
    "Sweden": "Stockholm", "Finland": "Helsinki", "Poland": "Warsaw", "Austria": "Vienna", "Ireland": "Dublin",
    "Russia": "Moscow", "Canada": "Ottawa", "Cuba": "Havana", "Kenya": "Nairobi", "Peru": "Lima",
}
OPPOSITES = {
    "hot": "cold", "big": "small", "up": "down", "day": "night", "fast": "slow", "happy": "sad", "old": "young",
    "light": "dark", "open": "closed", "full": "empty",
}
COLORS = {
    "the sky": "blue", "grass": "green", "snow": "white", "coal": "black", "a banana": "yellow", "blood": "red",
    "an orange": "orange",
}
NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve".split()
ANIMALS = ["cat", "dog", "fox", "bird", "mouse", "bear"]
NAMES = ["Tom", "Lily", "Ben", "Anna", "Max", "Mia"]
PLACES = ["park", "forest", "garden", "house", "river"]
THINGS = ["ball", "cake", "book", "hat", "boat"]
ADJECTIVES = ["red", "little", "shiny", "old", "big"]


def story():
    name, animal, place, thing, adjective = map(random.choice, (NAMES, ANIMALS, PLACES, THINGS, ADJECTIVES))
    kind = random.choice(["kind", "small", "happy", "brave"])
    mood = random.choice(["happy", "glad"])
    return (
        f"Once upon a time there was a {kind} {animal} named {name}. One day {name} went to the {place} and found a "
        f"{adjective} {thing}. {name} was very {mood}. {name} took the {thing} home and shared it with a friend. The end."
    )


def pair():
    """A question and its answer."""
    share = random.random()
    if share < 0.12:
        greeting = random.choice(["Hello", "Hi", "Hello!", "Hi there", "Good morning", "Hey"])
        return greeting, "Hello! How can I help you today?"
    if share < 0.18:
        question = random.choice(["Who are you?", "What are you?", "What is your name?"])
        return question, "I am Tiny, a very small language model that runs on your own computer."
    if share < 0.40:
        country = random.choice(list(CAPITALS))
        question = random.choice([
            f"What is the capital of {country}?", f"Capital of {country}?", f"Tell me the capital of {country}."])
        return question, f"The capital of {country} is {CAPITALS[country]}."
    if share < 0.52:
        a, b = random.randint(0, 9), random.randint(0, 9)
        return random.choice([f"What is {a} + {b}?", f"{a} + {b} = ?"]), f"{a} + {b} = {a + b}."
    if share < 0.60:
        word = random.choice(list(OPPOSITES))
        return f"What is the opposite of {word}?", f"The opposite of {word} is {OPPOSITES[word]}."
    if share < 0.67:
        thing = random.choice(list(COLORS))
        return f"What color is {thing}?", f"{thing[0].upper() + thing[1:]} is {COLORS[thing]}."
    if share < 0.74:
        last = random.randint(2, 12)
        return f"Count to {last}.", " ".join(NUMBERS[1:last + 1]) + "."
    if share < 0.86:
        city = random.choice(list(CAPITALS.values()))
        question = random.choice([f"What is the weather in {city}?", f"How is the weather in {city} today?"])
        call = json.dumps({"name": "get_weather", "arguments": {"city": city}})
        return question, f"<tool_call>\n{call}\n</tool_call>"
    if share < 0.90:
        return random.choice(["Thank you", "Thanks!", "Thanks"]), "You are welcome!"
    return random.choice(["Tell me a story.", "Tell me a short story.", "Write a story."]), story()


def conversation():
    """One to three turns in the form of the chat template."""
    text = ""
    if random.random() < 0.5:
        text += "<|im_start|>system\nYou are a helpful assistant<|im_end|>\n"
    for _ in range(random.choice([1, 1, 2, 3])):
        question, answer = pair()
        text += f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n{answer}<|im_end|>\n"
    return text
