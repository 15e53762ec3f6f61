from textual.screen import Screen
class StudyNewScreen(Screen):
    pass
