from app.adapters.search.words import MAX_WORD_LENGTH, phrases, words


def test_case_accents_and_punctuation_do_not_count():
    assert words("Élan, ÜBER-Straße: naïve!") == ("elan", "uber", "strasse", "naive")


def test_each_character_of_a_script_without_blanks_is_a_word():
    assert words("東京タワーへ go") == ("東", "京", "タ", "ワ", "ー", "へ", "go")
    assert words("สวัสดี")[0] == "ส"
    assert words("한국어") == ("한", "국", "어")


def test_pictures_are_words():
    assert words("good 🎉🎉") == ("good", "🎉", "🎉")


def test_wide_letters_are_the_plain_ones():
    assert words("ＡＢＣ１２３") == ("abc123",)


def test_words_are_cut_at_a_length():
    assert words("x" * 500) == ("x" * MAX_WORD_LENGTH,)


def test_signs_alone_are_no_words():
    assert words("!!! -- ... _ ' \" * ( ) : ^") == ()


def test_what_stands_together_is_asked_for_together():
    assert phrases('e-mail "東京" ... #tag') == [("e", "mail"), ("東", "京"), ("tag",)]


def test_a_question_has_a_limited_number_of_phrases():
    assert len(phrases("word " * 100)) == 20
