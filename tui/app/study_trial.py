from textual.screen import Screen
class TrialScreen(Screen):
    pass
