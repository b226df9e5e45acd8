"""The languages whose wrapping is known. Any answer is tried in each: nothing says which one it is in."""

from services.processor.answers.wrapping.english import ENGLISH
from services.processor.answers.wrapping.french import FRENCH
from services.processor.answers.wrapping.german import GERMAN
from services.processor.answers.wrapping.spanish import SPANISH

LANGUAGES = (ENGLISH, GERMAN, FRENCH, SPANISH)
